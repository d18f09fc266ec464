"""The Metrics panel: how good the prediction is, live against the open markup."""
