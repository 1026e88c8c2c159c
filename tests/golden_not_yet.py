"""Recorded cases that need what does not exist yet: what is missing, and their names."""

NOT_YET = {
    "layers": """
        model/cnn_small:keras
        model/cnn_small:weights_h5
        model/cnn_small:config_roundtrip
        model/cnn_small:evaluate
        model/cnn_small:resume
        model/embedding_lstm:keras
        model/embedding_lstm:weights_h5
        model/embedding_lstm:config_roundtrip
        model/embedding_lstm:evaluate
        model/embedding_lstm:resume
        model/gru_bidirectional:keras
        model/gru_bidirectional:weights_h5
        model/gru_bidirectional:config_roundtrip
        model/gru_bidirectional:evaluate
        model/gru_bidirectional:resume
        model/lazily_built_rnn:keras
        model/lazily_built_rnn:weights_h5
        model/lazily_built_rnn:config_roundtrip
        model/lazily_built_rnn:evaluate
        model/lazily_built_rnn:resume
        train/fit_conv
        train/fit_lstm
        layer/LSTM.initial_state
        layer/GRU.mask
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
        model/embedding_lstm:h5_keras3
        model/gru_bidirectional:h5_keras3
        model/transformer_block:h5_keras3
        model/conv_variants:h5_keras3
        model/lazily_built_rnn:h5_keras3
        model/k2_cnn_functional:h5_keras2
        model/k2_embedding_lstm:h5_keras2
    """,
}
