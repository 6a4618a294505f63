"""What Beam and TensorFlow ask of Google Cloud, answered on loopback.

`cloud.py` puts it together: `https_proxy.py` is what clients are pointed at, `credentials.py` and
`certificates.py` make them trust it, and `storage_api.py` answers.
"""
