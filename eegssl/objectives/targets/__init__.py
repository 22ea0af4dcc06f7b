"""Define what is predicted of hidden patches from their own samples."""
