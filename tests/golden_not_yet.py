"""Recorded cases that need what does not exist yet: what is missing, and their names."""

NOT_YET = {
    "layers": """
        model/cnn_small:keras
        model/cnn_small:weights_h5
        model/cnn_small:config_roundtrip
        model/cnn_small:evaluate
        model/cnn_small:resume
        train/fit_conv
        model/transformer_block:keras
        model/transformer_block:weights_h5
        model/transformer_block:config_roundtrip
        model/transformer_block:evaluate
        model/transformer_block:resume
        model/conv_variants:keras
        model/conv_variants:weights_h5
        model/conv_variants:config_roundtrip
        model/conv_variants:evaluate
        model/conv_variants:resume
    """,
    "whole models as .h5": """
        model/cnn_small:h5_keras3
        model/transformer_block:h5_keras3
        model/conv_variants:h5_keras3
        model/k2_cnn_functional:h5_keras2
    """,
}
