"""BPF programs compiled, kept, loaded, attached; their ring read and its records decoded."""
