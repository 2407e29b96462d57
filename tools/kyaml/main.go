// Writes objects as JSON, and the KYAML that the encoder of kubectl makes of them, for the tests of `kfleet fmt --style kyaml`:
//
//	go run . > ../../testdata/fmt-kyaml/vectors.jsonl
//
// Left out is what this encoder changes: lines of text that start with a blank other than space and tab, and U+0085. Left
// out too are keys that kfleet quotes and this encoder does not: dates that no calendar has, and numbers beyond all floats.
package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"

	"sigs.k8s.io/yaml/kyaml"
)

type vector struct {
	JSON  string `json:"json"`
	KYAML string `json:"kyaml"`
}

// Keys and values that are of interest each by itself.
var texts = []string{
	"", " ", "a", "A-b", "-a", "a-", "a.b", ".a", "a.", "a/b", "/a", "a/", "_", "_a", "a_", "a:b", "a b", "a,b", "é", "日本", "a\u0301", "½", "😀", "٣",
	"null", "Null", "NULL", "nULL", "~", "true", "True", "tRUE", "t", "T", "yes", "Yes", "yES", "y", "Y", "on", "off", "no", "n", "N", "f", "F", "false",
	"1", "0", "01", "08", "0o7", "0o8", "0x1F", "0xg", "0b10", "0b2", "1_000", "_1", "1_", "__", "1e3", "1E3", "1.5", ".5", "5.", ".", "..", "1.2.3", "1e", "e1",
	"+1", "-1", "+a", "0x1p4", "0x.8p1", "0x1p", "inf", "Inf", "infinity", "Infinity", "nan", "NaN", ".inf", ".nan", "-.inf", "infinit",
	"2001-01-01", "2001-1-1", "2001-01-01T00:00:00Z", "20010101", "12:30", "1:30:00", "190:20:30.15",
	"<<", "=", "!a", "&a", "*a", "#a", "a#b", "a #b", "? a", "- a", "a: b", "{a}", "[a]", "|", ">", "@a", "`a", "%a", "'a'", "\"a\"", "\\", "a\\nb", "---", "...",
	"a\tb", "\ta", "a\t", "a\rb", "\x00", "\x01", "\x07\x08\x0b\x0c\x1b", "\x7f", "\u00a0", "a\u00a0b", "\u00ad", "\u200b", "\u2028", "\u2029", "\ufeff", "\ue000", "\U000e0001", "\U0001f600",
	"one\ntwo", "one\ntwo\n", "one\n\ntwo\n\n", "\n", "\n\n", "\none", " one\n  two\n", "\tone\n\ttwo", "one \ntwo\t\n", "a\"b\nc\\d\n", "one\n\u00e9\n", "#!/bin/sh\nset -e\n\necho \"$1\" # why\n",
	"a very long line that goes on and on and on and on and on and on and on and on and on and on and on and on and on and on",
}

func text(random *rand.Rand) string {
	return texts[random.IntN(len(texts))]
}

func value(random *rand.Rand, depth int) any {
	kind := random.IntN(10)
	if depth == 0 && kind < 5 {
		kind = 5
	}
	switch kind {
	case 0, 1, 2:
		entries := map[string]any{}
		for range random.IntN(4) {
			entries[text(random)] = value(random, depth-1)
		}
		return entries
	case 3, 4:
		items := []any{}
		collections := random.IntN(2) == 0
		for range random.IntN(4) {
			item := value(random, depth-1)
			for collections && !isCollection(item) {
				item = value(random, depth)
				depth = max(depth, 1)
			}
			items = append(items, item)
		}
		return items
	case 5:
		return []any{nil, true, false, 0, 1, -7, 1.5, 1e21, 1e-7, 9007199254740993}[random.IntN(10)]
	default:
		return text(random)
	}
}

func isCollection(item any) bool {
	switch item.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

func main() {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	write := func(object any) {
		var out bytes.Buffer
		if err := (&kyaml.Encoder{}).FromObject(object, &out); err != nil {
			// Control characters that JSON writes as they are: the encoder refuses them.
			return
		}
		plain, err := json.Marshal(object)
		if err != nil {
			panic(err)
		}
		if err := encoder.Encode(vector{JSON: string(plain), KYAML: out.String()}); err != nil {
			panic(err)
		}
	}
	for _, text := range texts {
		write(map[string]any{"value": text})
		write(map[string]any{text: 1})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 600 {
		entries := map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}
		for range 1 + random.IntN(4) {
			entries[text(random)] = value(random, 3)
		}
		write(entries)
	}
}
