#!/bin/sh
# Starts a policy pack for the engine, which runs this in the pack's folder: the pack's own Pulumi SDK is used.
sdk=$(node -p 'try { require.resolve("@pulumi/pulumi/cmd/run-policy-pack") } catch (e) { console.error(e.message); process.exit(1) }') || exit 1
exec node "$sdk" "$@"
