"""The neural tokenizer: patch encoder, vector quantizer, spectral decoder, diagnostics."""
