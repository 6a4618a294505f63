"""What Beam, TensorFlow and the Dataflow runner ask of Google Cloud, answered on loopback.

`cloud.py` puts it together: `https_proxy.py` is what clients are pointed at, `credentials.py` and
`certificates.py` make them trust it, `storage_api.py` and `dataflow_api.py` answer, and `run_job.py` is the
process of a job, which does not see what `hidden_folders.py` hides.
"""
