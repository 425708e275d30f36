"""How long hypothesis looks: a hundred examples in `make test`, thousands in `make fuzz`; never against the clock."""

from hypothesis import HealthCheck, settings

settings.register_profile("pillarbox", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("pillarbox"), max_examples=5000)
settings.load_profile("pillarbox")
