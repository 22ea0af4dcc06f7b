"""Which patches pretraining hides: five kinds of masks over (channel, patch), pure and seeded."""
