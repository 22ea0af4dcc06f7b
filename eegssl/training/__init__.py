"""The one loop for tokenizer, pretraining and fine-tuning."""
