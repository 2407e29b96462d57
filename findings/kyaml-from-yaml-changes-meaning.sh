#!/usr/bin/env bash
# Turning a YAML manifest into KYAML changes what kubectl would apply.
#
# Package: sigs.k8s.io/yaml v1.6.0, Encoder.FromYAML of package kyaml, which its own formatter (yamlfmt) and others call.
# One would expect that the KYAML of a manifest means what the manifest means, as both are read by the same package. But
# FromYAML resolves plain values by YAML 1.2 rules and then quotes all text, while Unmarshal, which kubectl uses, resolves
# them by YAML 1.1. Seen:
#   - a plain `yes` is true in the manifest and the text "yes" in its KYAML;
#   - a merge key becomes an entry named "<<": the merged fields end up one level deeper;
#   - a plain date, though, is the same text before and after.
# The script fails when any of this is no longer so. It needs Go and a Go module proxy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'MOD'
module example.org/kyaml-from-yaml

go 1.25

require sigs.k8s.io/yaml v1.6.0
MOD
cat > main.go <<'GO'
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
	"sigs.k8s.io/yaml/kyaml"
)

func meaning(text []byte) string {
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		return err.Error()
	}
	out, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return strings.NewReplacer(`\u003c`, "<").Replace(string(out))
}

func main() {
	for _, text := range []string{
		"enabled: yes\n",
		"base: &base {cpu: 1}\nweb: {<<: *base, memory: 2}\n",
		"day: 2001-01-02\n",
	} {
		var written bytes.Buffer
		if err := (&kyaml.Encoder{}).FromYAML(strings.NewReader(text), &written); err != nil {
			panic(err)
		}
		fmt.Println(meaning([]byte(text)), "->", meaning(written.Bytes()))
	}
}
GO
GOFLAGS=-mod=mod go run . 2>/dev/null > seen || { GOFLAGS=-mod=mod go run .; exit 1; }
cat > expected <<'EXPECTED'
{"enabled":true} -> {"enabled":"yes"}
{"base":{"cpu":1},"web":{"cpu":1,"memory":2}} -> {"base":{"cpu":1},"web":{"<<":{"cpu":1},"memory":2}}
{"day":"2001-01-02"} -> {"day":"2001-01-02"}
EXPECTED
cat seen
diff expected seen && echo "as described: sigs.k8s.io/yaml v1.6.0"
