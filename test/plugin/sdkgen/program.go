package main

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/codegen/hcl2/syntax"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// Reads a program of the engine's own language (PCL), as a JSON object of file names and texts, from standard input, and writes
// it in TypeScript to standard output, as `pulumi import` prints it.
func generateProgram(loaderAddress string) error {
	var sources map[string]string
	if err := json.NewDecoder(os.Stdin).Decode(&sources); err != nil {
		return err
	}
	parser := syntax.NewParser()
	for name, text := range sources {
		if err := parser.ParseFile(strings.NewReader(text), name); err != nil {
			return err
		}
	}
	if parser.Diagnostics.HasErrors() {
		return parser.Diagnostics
	}
	packages, err := schema.NewLoaderClient(loaderAddress)
	if err != nil {
		return err
	}
	program, diagnostics, err := pcl.BindProgram(
		parser.Files, schema.NewCachedLoader(packages), pcl.NonStrictBindOptions()...)
	if err != nil {
		return err
	}
	if diagnostics.HasErrors() {
		return diagnostics
	}
	files, diagnostics, err := nodejs.GenerateProgram(program)
	if err != nil {
		return err
	}
	if diagnostics.HasErrors() {
		return diagnostics
	}
	_, err = os.Stdout.Write(files["index.ts"])
	return err
}
