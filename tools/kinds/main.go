// Command kinds writes the table of Kubernetes kinds that kfleet carries, src/lib/manifest/kinds.tsv.
//
// It reads the sources of Kubernetes' own API modules at every minor release that the list below names, so that
// kinds that were removed long ago are in the table too. A kind is a type that its package registers in the scheme and
// that has a typed client (the +genclient marker), plus the few in subresourceKinds. The scope is Namespaced
// unless the type has the +genclient:nonNamespaced marker. The plural follows the rule of Kubernetes' client
// generator, which names the resources of all these types. Where releases differ, the newest decides.
//
// Run it by hand, from this folder, when a new Kubernetes release is out and its line has been added below:
//
//	go run . > ../../src/lib/manifest/kinds.tsv
//
// Kinds that were gone before Kubernetes 1.11 are not in the table.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// modules are the sources, oldest first: a newer one overrides an older one.
var modules = []string{
	"k8s.io/api@v0.0.0-20180712090710-2d6f90ab1293", // Kubernetes 1.11
	"k8s.io/api@v0.0.0-20181213150558-05914d821849", // Kubernetes 1.13
	"k8s.io/api@v0.0.0-20190313235455-40a48860b5ab", // Kubernetes 1.14
	"k8s.io/api@v0.17.0",
	"k8s.io/api@v0.20.1",
	"k8s.io/api@v0.21.1",
	"k8s.io/api@v0.22.1",
	"k8s.io/api@v0.23.3",
	"k8s.io/api@v0.24.2",
	"k8s.io/api@v0.25.3",
	"k8s.io/api@v0.26.0",
	"k8s.io/api@v0.27.3",
	"k8s.io/api@v0.28.1",
	"k8s.io/api@v0.29.0",
	"k8s.io/api@v0.30.0",
	"k8s.io/api@v0.31.0",
	"k8s.io/api@v0.32.0",
	"k8s.io/api@v0.33.0",
	"k8s.io/api@v0.34.0",
	"k8s.io/api@v0.35.0",
	"k8s.io/api@v0.36.0",
	"k8s.io/api@v0.37.2",
	"k8s.io/apiextensions-apiserver@v0.24.0",
	"k8s.io/apiextensions-apiserver@v0.37.2",
	"k8s.io/kube-aggregator@v0.37.2",
}

// pluralExceptions are the kinds that the client generator is told to leave as they are.
var pluralExceptions = map[string]bool{
	"Endpoints":               true,
	"ResourceClaimParameters": true,
	"ResourceClassParameters": true,
}

// subresourceKinds have no client of their own, but a manifest of them can be posted.
var subresourceKinds = map[string]bool{
	"/Binding":        true,
	"policy/Eviction": true,
}

// helperKinds had a client in some releases, but are the body of a subresource and never stored.
var helperKinds = map[string]bool{"Scale": true}

// gvk names one row of the table.
type gvk struct{ group, kind, version string }

// facts are what the table says about a kind.
type facts struct{ plural, scope string }

func main() {
	verbose := len(os.Args) > 1 && os.Args[1] == "-v"
	if err := run(verbose); err != nil {
		fmt.Fprintln(os.Stderr, "kinds:", err)
		os.Exit(1)
	}
}

func run(verbose bool) error {
	table := map[gvk]facts{}
	skipped := map[string]bool{}
	for _, module := range modules {
		dir, err := download(module)
		if err != nil {
			return err
		}
		if err := readModule(dir, table, skipped); err != nil {
			return fmt.Errorf("%s: %w", module, err)
		}
	}
	if verbose {
		names := make([]string, 0, len(skipped))
		for name := range skipped {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintln(os.Stderr, "registered, but no kinds:", strings.Join(names, " "))
	}
	return write(table)
}

// download fetches a module through the go command and returns the folder that holds it.
func download(module string) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	var info struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &info); jsonErr != nil {
		return "", fmt.Errorf("go mod download %s: %v", module, err)
	}
	if info.Error != "" {
		return "", fmt.Errorf("go mod download %s: %s", module, info.Error)
	}
	return info.Dir, nil
}

// readModule adds the kinds of every API package of a module.
func readModule(root string, table map[gvk]facts, skipped map[string]bool) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "examples" || entry.Name() == "test") {
			return fs.SkipDir
		}
		if entry.IsDir() || entry.Name() != "register.go" {
			return nil
		}
		return readPackage(filepath.Dir(path), table, skipped)
	})
}

// readPackage adds the kinds that the package in dir registers. Internal versions are passed over.
func readPackage(dir string, table map[gvk]facts, skipped map[string]bool) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	var group, version string
	var registered []string
	markers := map[string]string{}
	for _, name := range files {
		base := filepath.Base(name)
		if strings.HasSuffix(base, "_test.go") || strings.Contains(base, "generated") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		readMarkers(file, markers)
		if base == "register.go" {
			group, version, registered = readRegister(file)
		}
	}
	if version == "" || version == "__internal" {
		return nil
	}
	for _, kind := range registered {
		text := markers[kind]
		if helperKinds[kind] {
			continue
		}
		if !hasMarker(text, "+genclient") && !subresourceKinds[group+"/"+kind] {
			if !strings.HasSuffix(kind, "List") && !strings.HasSuffix(kind, "Options") {
				skipped[group+"/"+version+"/"+kind] = true
			}
			continue
		}
		scope := "Namespaced"
		if hasMarker(text, "+genclient:nonNamespaced") {
			scope = "Cluster"
		}
		table[gvk{group, kind, version}] = facts{plural(kind), scope}
	}
	return nil
}

// readRegister finds the group, the version and the registered type names in a register.go.
func readRegister(file *ast.File) (group, version string, kinds []string) {
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.ValueSpec:
			if len(n.Names) == 1 && n.Names[0].Name == "GroupName" && len(n.Values) == 1 {
				group = stringOf(n.Values[0])
			}
			if len(n.Names) == 1 && n.Names[0].Name == "SchemeGroupVersion" && len(n.Values) == 1 {
				version = versionOf(n.Values[0])
			}
		case *ast.CallExpr:
			if fun, ok := n.Fun.(*ast.SelectorExpr); ok && fun.Sel.Name == "AddKnownTypes" && len(n.Args) > 1 {
				for _, arg := range n.Args[1:] {
					if name := typeName(arg); name != "" {
						kinds = append(kinds, name)
					}
				}
			}
		}
		return true
	})
	return group, version, kinds
}

// versionOf reads the Version field of a schema.GroupVersion literal; runtime.APIVersionInternal gives "".
func versionOf(expr ast.Expr) string {
	literal, ok := expr.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Version" {
				return stringOf(pair.Value)
			}
		}
	}
	return ""
}

// typeName gives X for &X{} and "" for all else, types of other packages included.
func typeName(expr ast.Expr) string {
	if unary, ok := expr.(*ast.UnaryExpr); ok {
		if literal, ok := unary.X.(*ast.CompositeLit); ok {
			if name, ok := literal.Type.(*ast.Ident); ok {
				return name.Name
			}
		}
	}
	return ""
}

func stringOf(expr ast.Expr) string {
	if literal, ok := expr.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		if text, err := strconv.Unquote(literal.Value); err == nil {
			return text
		}
	}
	return ""
}

// readMarkers collects, for each type, the comments between the declaration before it and the type itself: markers
// may stand in a comment of their own above the doc comment.
func readMarkers(file *ast.File, markers map[string]string) {
	previous := file.Name.End()
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if ok && gen.Tok == token.TYPE {
			var text strings.Builder
			for _, comments := range file.Comments {
				if comments.Pos() >= previous && comments.End() <= gen.TokPos {
					for _, comment := range comments.List {
						text.WriteString(comment.Text + "\n")
					}
				}
			}
			for _, spec := range gen.Specs {
				markers[spec.(*ast.TypeSpec).Name.Name] = text.String()
			}
		}
		previous = decl.End()
	}
}

func hasMarker(text, marker string) bool {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(strings.TrimLeft(line, "/ \t")) == marker {
			return true
		}
	}
	return false
}

// plural is the rule of Kubernetes' client generator.
func plural(kind string) string {
	lower := strings.ToLower(kind)
	if pluralExceptions[kind] {
		return lower
	}
	last, before := lower[len(lower)-1], lower[len(lower)-2]
	switch {
	case strings.IndexByte("sxz", last) >= 0, last == 'h' && (before == 'c' || before == 's'):
		return lower + "es"
	case last == 'y' && strings.IndexByte("aeiou", before) < 0:
		return lower[:len(lower)-1] + "ies"
	case last == 'f':
		return lower[:len(lower)-1] + "ves"
	case last == 'e' && before == 'f':
		return lower[:len(lower)-2] + "ves"
	default:
		return lower + "s"
	}
}

// write prints the table, sorted by group, kind and version, which is the order that the reader searches in.
func write(table map[gvk]facts) error {
	keys := make([]gvk, 0, len(table))
	for key := range table {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := keys[i], keys[j]
		if a.group != b.group {
			return a.group < b.group
		}
		if a.kind != b.kind {
			return a.kind < b.kind
		}
		return a.version < b.version
	})
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, "# Generated by tools/kinds; do not edit.")
	fmt.Fprintln(out, "# group\tversion\tkind\tplural\tscope")
	for _, key := range keys {
		f := table[key]
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", key.group, key.version, key.kind, f.plural, f.scope)
	}
	return out.Flush()
}
