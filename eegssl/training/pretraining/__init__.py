"""Pretrain an encoder: what its batches are, how it is validated."""
