"""The contents of a stack as a CycloneDX SBOM."""
