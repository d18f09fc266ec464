"""What is evaluated, read from files: tables, masks, points and markup, each checked as it comes.

Whatever does not fit together is an `EvaluationError` that names the file; no number is made of it.
"""
