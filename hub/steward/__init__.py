"""What stewards ask and do: explain; later replay, closing, seals."""
