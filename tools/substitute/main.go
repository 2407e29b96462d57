// Command substitute tells what clusterctl makes of templates: it is the oracle of src/lib/substitute.
//
// It reads JSON lines from standard input, each a case {"template": .., "variables": {..}}, and writes each with what came
// of it: "result" (the text), "error" (clusterctl's message), "panic" (the library's), or "bytes" (the result is no valid
// UTF-8; as hex). "substitute cases" writes the cases of testdata/substitute/vectors.jsonl instead, and
// "substitute random SEED COUNT" as many made-up ones. README.md tells how to run it.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"unicode/utf8"

	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/yamlprocessor"
)

// vector is one case and what came of it.
type vector struct {
	Template  string            `json:"template"`
	Variables map[string]string `json:"variables"`
	Result    *string           `json:"result,omitempty"`
	Error     string            `json:"error,omitempty"`
	Panic     string            `json:"panic,omitempty"`
	Bytes     string            `json:"bytes,omitempty"`
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	err := run(os.Args[1:], os.Stdin, out)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "substitute:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	switch {
	case len(args) == 0:
		decoder := json.NewDecoder(in)
		for decoder.More() {
			var asked vector
			if err := decoder.Decode(&asked); err != nil {
				return err
			}
			if err := encoder.Encode(process(asked.Template, asked.Variables)); err != nil {
				return err
			}
		}
		return nil
	case len(args) == 1 && args[0] == "cases":
		return cases(encoder)
	case len(args) == 3 && args[0] == "random":
		seed, err := strconv.ParseUint(args[1], 10, 64)
		if err != nil {
			return err
		}
		count, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return random(encoder, seed, count)
	}
	return fmt.Errorf("usage: substitute [cases | random SEED COUNT]")
}

// process runs one case through clusterctl's own processor.
func process(template string, variables map[string]string) (answer vector) {
	if variables == nil {
		variables = map[string]string{}
	}
	answer = vector{Template: template, Variables: variables}
	defer func() {
		if reason := recover(); reason != nil {
			answer.Panic = fmt.Sprint(reason)
		}
	}()
	text, err := yamlprocessor.NewSimpleProcessor().Process([]byte(template), func(name string) (string, error) {
		value, found := variables[name]
		if !found {
			return "", fmt.Errorf("no value for %s", name)
		}
		return value, nil
	})
	switch {
	case err != nil:
		answer.Error = err.Error()
	case utf8.Valid(text):
		result := string(text)
		answer.Result = &result
	default:
		answer.Bytes = hex.EncodeToString(text)
	}
	return answer
}
