"""What computes networks: Keras as the reference, OpenVINO for processors of PCs."""
