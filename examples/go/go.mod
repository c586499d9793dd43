module hpc-go

go 1.25

require pulumi-alicloud-hpc/sdk/go v0.0.0

// Not of a release: `npm run build:sdks` writes it.
replace pulumi-alicloud-hpc/sdk/go => ../../sdk/go
