"""What Dinas Sosial runs: the service that receives journals and publishes entitlements."""
