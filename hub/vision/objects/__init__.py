"""Detection of persons and vehicles, and embeddings of persons; runs in a vision process only.

interfaces        what a detector and an encoder are
models            the ones that the settings name
operator_models   operators' own: onnx_* for ONNX files, transformers_* for models of transformers
"""
