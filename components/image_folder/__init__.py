"""ImageFolderExampleGen: a folder of class folders becomes TFRecord shards of tf.Examples."""
