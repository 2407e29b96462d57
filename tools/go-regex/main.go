// Writes patterns, texts, and whether they match in Go, for the tests of the translation of regular expressions:
//
//	go run . > ../../testdata/run-pipeline-regex/vectors.jsonl
//
// A pattern that Go refuses has one line, without "matches".
package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
)

type vector struct {
	Pattern string `json:"pattern"`
	Text    string `json:"text"`
	Matches *bool  `json:"matches"`
}

// Rows that are of interest each by itself.
var patterns = []string{
	``, `main`, `^main$`, `^v\d+\.\d+\.\d+$`, `release-.*`, `^(main|master)$`, `(?m)^/test,?($|\s.*)`,
	`(?m)^/test( | .* )render,?($|\s.*)`, `(?mi)^/(?:lh-)?test[ \t]+[-\w]+(,[-\w]+)*\s*$`, `^docs/`, `\.md$`,
	`\d`, `\D`, `\w`, `\W`, `\s`, `\S`, `[\d]`, `[^\d]`, `[\D]`, `[^\W]`, `[\s\S]`, `\bb`, `a\b`, `\Bb`, `a\B`, `^\B`, `\B$`,
	`\b`, `\Qa.b\E`, `\Qa.b`, `\Qab\E+`, `a\Q\E*`, `\E`, `\Q\\E`, `\Q^$\E`, `\101`, `\1`, `\8`, `\0`, `\01`, `\377`, `\777`, `\x41`, `\x4`, `\xg1`,
	`\x{41}`, `\x{}`, `\x{110000}`, `\x{1F600}`, `\x{D800}`, `\x{000000041}`, `[\x{D7FF}-\x{E000}]`, `[\x{D800}-\x{DFFF}]`, `[^\x{D800}]`,
	`\a\f\n\r\t\v`, `\n`, `\v`, `\z`, `a\z`, `\A`, `\Z`, `\G`, `\C`, `\e`, `\_`, `\-`, `\é`, `\/`, `\<`, `\"`, `\`, `a\`,
	`{`, `}`, `a{`, `a}`, `a{1`, `a{1,`, `a{,1}`, `a{1}`, `a{1,}`, `a{1,2}`, `a{2,1}`, `a{0}`, `a{0,0}`, `a{01}`, `a{1,02}`, `a{1000}`, `a{1001}`,
	`a{1,1001}`, `a{99999999999}`, `a{1}{2}`, `a{1}?`, `a{1}??`, `(a{40}){25}`, `(a{40}){26}`, `((a{10}){10}){11}`, `(a{0}){1000}`, `(a{40}|b{2}){30}`,
	`a{x}`, `x{a}`, `{1}`, `a {2}`, `a{ 2}`, `a{-1}`, `(a{1000}){0}`, `(a{500})*{2}`, `((a{1000}){0}){5}`,
	`*`, `+`, `?`, `a**`, `a*+`, `a*?`, `a*??`, `a+?`, `a???`, `(*)`, `(a|*)`, `a|*`, `|*`, `(?i)*`, `a(?i)*`, `a*(?i)*`, `^*`, `$*`, `\b*`, `(?:)*`, `()*`,
	`(`, `)`, `a)`, `(a`, `()`, `(|)`, `|`, `a|`, `|a`, `a||b`, `(?:a`, `((a)`, `(a))`,
	`(?i)main`, `(?i)a|b`, `(?i:a)b`, `a(?i)b|c`, `((?i)a)b`, `(?-i)a`, `(?i-s)a.`, `(?i-)a`, `(?-)a`, `(?)a`, `(?--i)a`, `(?ii)a`, `(?i-i)a`, `(?U)a+`,
	`(?Ui)a+?`, `(?s).`, `.`, `(?-s).`, `(?m)^b$`, `^b$`, `(?m)^$`, `(?x)a b`, `(?x: a)`, `(?u)a`, `(?R)a`, `(?`, `(?i`, `(?:`, `(?z)`, `(?#c)a`, `(?=a)`, `(?!a)`,
	`(?<=a)b`, `(?<!a)b`, `(?>a)`, `(?P<n>a)`, `(?<n>a)`, `(?P<n>a)(?P<n>b)`, `(?P<n-m>a)`, `(?P<>a)`, `(?P<n`, `(?P=n)`, `(?P>n)`, `(?'n'a)`, `(?<n`, `(?<`, `(?P`, `(?P<`,
	`[`, `]`, `[]`, `[]a]`, `[^]a]`, `[^]`, `[a`, `[a-`, `[a-]`, `[-a]`, `[a-c]`, `[c-a]`, `[a-c-e]`, `[a\-c]`, `[a-\d]`, `[\d-a]`, `[\w-]`, `[--a]`, `[a--]`, `[a--b]`, `[+--]`,
	`[[a]`, `[[a]]`, `[a[b]c]`, `[a&&b]`, `[a&&[b]]`, `[a~~b]`, `[a^b]`, `[^^]`, `[^a-c]`, `[.]`, `[$]`, `[*+?]`, `[{}]`, `[()]`, `[|]`, `[\]]`, `[\\]`, `[\n]`, `[\b]`, `[\Q]`, `[\x41-\x43]`,
	`[\101]`, `[\1]`, `[ ]`, `[#]`, `[é-ü]`, `[😀]`, `[[:alpha:]]`, `[[:^alpha:]]`, `[^[:alpha:]]`, `[[:word:]]`, `[[:foo:]]`, `[:alpha:]`, `[[:alpha:`, `[[:alpha:]-z]`, `[[:punct:]]`, `[[:space:]]`,
	`[[:cntrl:]]`, `[[:graph:]]`, `[[:print:]]`, `[[:xdigit:]]`, `[[:blank:]]`, `[[:ascii:]]`, `[[:lower:]]`, `[[:upper:]]`, `(?i)[[:lower:]]`, `(?i)\w`, `(?i)\W`, `(?i)[^k]`, `(?i)k`, `(?i)ſ`, `(?i)É`,
	`\pL`, `\PL`, `\p{L}`, `\p{^L}`, `\P{^L}`, `\p{Lu}`, `\p{Greek}`, `\p{Han}`, `\p{Any}`, `\pN`, `[\pL]`, `[^\pL\d]`, `\p`, `\p{`, `\p{}`, `\p{Foo}`, `\pX`, `\p{Alphabetic}`, `\p{White_Space}`,
	`\p{Script=Greek}`, `\p{gc=L}`, `(?i)\p{Lu}`, `(?i)\P{Lu}`, `(?i)[\p{Lu}]`, `a b`, `a#b`, `a  b`, ` `, `#`, `&`, `~`, `-`, `"`, `'`, `%`, `é`, `😀`, `é*`, `\x{e9}`, `.*`, `^.*$`, `^.$`, `(a+)+$`, `(?:a|b)*c`,
}

var texts = []string{
	"", "a", "b", "A", "ab", "aab", "a.b", "aa", "main", "domain-x", "MAIN", "master", "v1.2.3", "release-1.2", "refs/heads/main", "docs/a.md",
	"/test", "/test all", "/test render", "/retest", "x\n/test\ny", "/lh-test a,b", "é", "É", "ü", "😀", "k", "K", "\u212a", "ſ", "s", "٣", "7", "_", "-", "[", "]", "^", "$", "{", "}", "{,1}", "a{,1}", "a{01}", "a{1",
	"a{x}", "x{a}", "a {2}", ".", "*", "+", "&", "~", "\\", "\\E", "a b", "a#b", "#", " ", "\t", "\n", "\v", "\r", "\u00a0", "\u2028", "\x00", "\x07\x0c\n\r\t\v", "a\nb\nc", "b\n", "日本", "αβγ", "c", "d", "e", ":", "éb", "aé", "\"", "|", "(",
}

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	seen := map[string]bool{}
	add := func(pattern string, texts []string) {
		if seen[pattern] {
			return
		}
		seen[pattern] = true
		re, err := regexp.Compile(pattern)
		if err != nil {
			check(out.Encode(vector{Pattern: pattern}))
			return
		}
		for _, text := range texts {
			matches := re.MatchString(text)
			check(out.Encode(vector{pattern, text, &matches}))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string, n int) []string {
		picked := make([]string, n)
		for i := range picked {
			picked[i] = from[random.IntN(len(from))]
		}
		return picked
	}
	for _, pattern := range patterns {
		add(pattern, append([]string{"", "a", "aab"}, pick(texts, 12)...))
	}
	pieces := []string{"a", "b", "A", "é", ".", "^", "$", "|", "(", ")", "(?:", "(?i)", "(?i:", "(?-i)", "(?m)", "(?s)", "*", "+", "?", "{2}", "{1,}", "{,", "}", "[a-b", "[^", "]", "[", "-",
		`\d`, `\w`, `\W`, `\s`, `\b`, `\B`, `\Q`, `\E`, `\.`, `\x41`, `\101`, `\pL`, "[[:alpha:]", "&&", "~~", "k", "_", " ", "\n"}
	for range 2500 {
		pattern := strings.Join(pick(pieces, 1+random.IntN(7)), "")
		add(pattern, pick(texts, 3))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
