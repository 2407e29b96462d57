#!/usr/bin/env bash
# The KYAML encoder that kubectl -o kyaml uses changes some text.
#
# Package: sigs.k8s.io/yaml v1.6.0 (package kyaml; kubectl 1.37.2 requires this version).
# One would expect that writing an object as KYAML and reading it again gives the same object: KYAML exists to be
# unambiguous. Seen instead, with plain ConfigMap-like data:
#   - a line of a multi-line text that starts with a no-break space or a carriage return gets a backslash before its escape:
#     "\\_two" and "\\rtwo" in place of "\_two" and "\rtwo", so that the text that is read has a backslash and a letter there;
#   - U+0085 (next line) inside a text becomes a space: the object goes through JSON, where it stands as it is, and the YAML
#     reader folds it as a line break;
#   - a text that starts its lines with spaces or tabs comes back as it was.
# The script fails when any of this is no longer so. It needs Go and a Go module proxy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'MOD'
module example.org/kyaml-round-trip

go 1.25

require sigs.k8s.io/yaml v1.6.0
MOD
cat > main.go <<'GO'
package main

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/yaml"
	"sigs.k8s.io/yaml/kyaml"
)

func main() {
	for _, text := range []string{"one\n\u00a0two\n", "one\n\rtwo\n", "one\u0085two", "one\n  two\n\tthree\n"} {
		var written bytes.Buffer
		if err := (&kyaml.Encoder{}).FromObject(map[string]string{"key": text}, &written); err != nil {
			panic(err)
		}
		var read map[string]string
		if err := yaml.Unmarshal(written.Bytes(), &read); err != nil {
			panic(err)
		}
		fmt.Printf("%+q -> %+q\n", text, read["key"])
	}
}
GO
GOFLAGS=-mod=mod go run . 2>/dev/null > seen || { GOFLAGS=-mod=mod go run .; exit 1; }
cat > expected <<'EXPECTED'
"one\n\u00a0two\n" -> "one\n\\_two\n"
"one\n\rtwo\n" -> "one\n\\rtwo\n"
"one\u0085two" -> "one two"
"one\n  two\n\tthree\n" -> "one\n  two\n\tthree\n"
EXPECTED
cat seen
diff expected seen && echo "as described: sigs.k8s.io/yaml v1.6.0"
