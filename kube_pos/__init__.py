"""An offline-first till for food aid at KUBE / e-Warong outlets."""
