"""What a time depends on: the processor, the cores, the settings of BLAS, the load."""

import os
import platform

SETTINGS = ("OPENBLAS_", "OMP_", "MKL_", "NUMBA_NUM", "XLA_")


def cpu_name():
    try:
        with open("/proc/cpuinfo") as lines:
            facts = dict(
                line.split(":", 1) for line in lines if line.startswith(("model name", "cpu family", "model\t"))
            )
        facts = {key.strip(): value.strip() for key, value in facts.items()}
        return f"{facts['model name']} (family {facts.get('cpu family', '?')}, model {facts.get('model', '?')})"
    except (OSError, KeyError, ValueError):
        return platform.processor() or platform.machine()


def load():
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def facts(env):
    """Return the machine in a form for JSON; `env` is the environment of the processes that are timed."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "blas_settings": {name: env[name] for name in sorted(env) if name.startswith(SETTINGS)},
        "load_before": load(),
    }
