"""Recorded cases that need what does not exist yet: what is missing, and their names."""

NOT_YET = {
    "layers": """
        model/mlp_bn_dropout_rmsprop:keras
        model/mlp_bn_dropout_rmsprop:weights_h5
        model/mlp_bn_dropout_rmsprop:config_roundtrip
        model/mlp_bn_dropout_rmsprop:evaluate
        model/cnn_small:keras
        model/cnn_small:weights_h5
        model/cnn_small:config_roundtrip
        model/cnn_small:evaluate
        model/cnn_small:resume
        model/uncompiled_frozen:keras
        model/uncompiled_frozen:weights_h5
        model/uncompiled_frozen:config_roundtrip
        model/partly_frozen_adam:keras
        model/partly_frozen_adam:weights_h5
        model/partly_frozen_adam:config_roundtrip
        model/partly_frozen_adam:evaluate
        model/partly_frozen_adam:resume
        train/fit_regression_l2_batchnorm
        train/fit_conv
        layer/BatchNormalization.training
        layer/BatchNormalization.inference
        layer/MultiHeadAttention.mask_scores
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
        model/nested_model:keras
        model/nested_model:weights_h5
        model/nested_model:config_roundtrip
        model/nested_model:evaluate
        model/nested_model:resume
    """,
    "whole models as .h5": """
        model/mlp_bn_dropout_rmsprop:h5_keras3
        model/cnn_small:h5_keras3
        model/transformer_block:h5_keras3
        model/conv_variants:h5_keras3
        model/nested_model:h5_keras3
        model/uncompiled_frozen:h5_keras3
        model/partly_frozen_adam:h5_keras3
        model/k2_cnn_functional:h5_keras2
        model/k2_mlp_adam:h5_keras2
    """,
}
