"""Recorded cases that need what does not exist yet: what is missing, and their names."""

NOT_YET = {
    "layers": """
        model/transformer_block:keras
        model/transformer_block:weights_h5
        model/transformer_block:config_roundtrip
        model/transformer_block:evaluate
        model/transformer_block:resume
    """,
    "whole models as .h5": """
        model/transformer_block:h5_keras3
    """,
}
