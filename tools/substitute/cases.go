package main

import (
	"encoding/json"
	"math/rand/v2"
)

// The cases: rows of a table, and products of forms, arguments and values.

type variables = map[string]string

func cases(out *json.Encoder) error {
	seen := map[string]bool{}
	var failed error
	add := func(template string, values variables) {
		key, err := json.Marshal(vector{Template: template, Variables: values})
		if err == nil && !seen[string(key)] {
			seen[string(key)] = true
			err = out.Encode(process(template, values))
		}
		if err != nil && failed == nil {
			failed = err
		}
	}
	for _, template := range plain {
		for _, values := range []variables{{}, {"V": ""}, {"V": "value"}, {"V": "Hello", "W": "w"}, {"V": "é😀", "W": "${V}"}} {
			add(template, values)
		}
	}
	for _, operator := range []string{":=", ":-", "=", ":?", ":+"} {
		for _, argument := range defaults {
			for _, values := range []variables{{}, {"V": "", "W": "w"}, {"V": "v", "W": "w"}} {
				add("${V"+operator+argument+"}", values)
			}
		}
	}
	for _, argument := range ranges {
		for _, value := range []string{"abcdef", "aé€😀", ""} {
			add("${V:"+argument+"}", variables{"V": value, "N": "2", "M": "-2"})
		}
		add("${V:"+argument+"}", variables{})
	}
	for _, operator := range []string{"/", "//", "/#", "/%"} {
		for _, argument := range replacements {
			for _, value := range []string{"aabca", "a/b\\c/é/a", ""} {
				add("${V"+operator+argument+"}", variables{"V": value, "W": "a", "E": ""})
			}
		}
		add("${V"+operator+"a/b}", variables{})
	}
	for _, operator := range []string{"#", "##", "%", "%%"} {
		for _, argument := range patterns {
			for _, value := range []string{"a.b.tar.gz", "aé€é😀b", "*?[x]\\", ""} {
				add("${V"+operator+argument+"}", variables{"V": value, "W": "*.", "C": "[a-c]"})
			}
		}
		add("${V"+operator+"x}", variables{})
	}
	for _, operator := range []string{"^", "^^", ",", ",,", "^,", ",^", "^^^", ",,,", "^x", "^^${W}"} {
		for _, value := range []string{"Hello", "hELLO", "éÉßẞ", "ßa", "İıſK", "ŉǰΐᾀᾈᾳῼ", "ǅab", "ΑΣ", "ﬁx", "ա", ""} {
			add("${V"+operator+"}", variables{"V": value})
		}
	}
	return failed
}

// plain are whole templates.
var plain = []string{
	"", "text", "$", "$$", "$$$", "5$$", "$V", "$$V", "$$$V", "${V}", "$${V}", "$$${V}", "$$$${V}", "\\${V}", "\\\\${V}", "$(V)",
	"a${V}b", "${V}${V}", "${V}$", "${V}}", "{${V}}", "x: é${V}é\n", "${V}\n# ${W}\n", "a: \"${V}\" # ${V}\r\nb: '${W}'\r\n",
	"${V:=d}${V}", "${V}${V:=d}", "${V:=d}${V:=e}", "${V^}${V:=d}", "${V:=}${V:=d}", "${V:1:2}${V}", "${W:=${V}}", "${W:=${V:=${A:=${B:=c}}}}",
	"${ V }", "${ V}", "${V }", "${\tV\n}", "${\r\fV}", "${\vV}", "${ V W }", "${ V:=d }", "${ V:=d}", "${V :=d}", "${ $V }", "${V$ }", "${ }",
	"${ é }", "$${ V }", "${ V", "${ V ${ V }", "${W:=${ V }}", "${ #V }", "${ 1 }", "${  V_1  }",
	"${}", "${", "${V", "${V:", "${V:=", "${V:=d", "${V/", "${V/a", "${V/a}", "${V/a} x / y}", "${V%", "${V^", "${#", "${#}", "${#V", "${#V}", "${##V}",
	"${# V}", "${#V }", "${V#}", "${V##}", "${V%}", "${V%%}", "${V-d}", "${V+d}", "${V?d}", "${V.x}", "${A$B}", "${A${V}}", "${V!}", "${!V}", "${@}",
	"${1}", "${_}", "${V_1:=a}", "${9V:=b}", "${V:é}", "${V:€}", "${V:😀}", "${VV:é}", "${V:=${V:1:-1}}", "${V:0:1}${V:1}", "${V/${V:0:1}/x}",
	"${W:=é${V}}", "${W:=$é${V}}", "${W:=$${V}}", "${W:=$}", "${W:=$$}", "${W:=}}", "${W:=\\}}", "${V:=a}b}", "${V=a=b}", "${V==a}", "${V:==a}",
	"${V,,}-${V^^}-${#V}", "${é}", "${V}é${", "{{ ${V} }}", "${{V}}", "${{ V }}", "#${V}", "%${V}%", "${W:=\n- a\n- ${V}\n}", "${W:=${V%l*}o}",
	"${A:=${V}${V}}", "${A:=${B}}", "${A:=${B}}${B}", "${B:=x}${A:=${B}}", "${V^^}${A}", "${Z}${A}${V}",
}

// defaults are what stands behind the operator of a default.
var defaults = []string{
	"", "d", "a:b=c-d?e", " a ", "\"\"", "a$$b", "[\"10.0.0.0/8\"]", "{\"a\":1}", "${W}", "${W}-x", "x-${W}", "${W:=q}-x", "$W-x", "$${W}", "é😀", "a\nb",
	"\\}", "\\\\", "\\/", "${W}${W}", "${ W }", "${W^^}${U}", "${U}", "${U:=}", "=", "-", ":", "#", "}", "${", "$", "${W:=${U:=${T:=t}}}", "a ${W} b ${W} c",
}

// ranges are what stands behind the colon of a substring.
var ranges = []string{
	"1", "1:2", "2:100", "9", " -2", "-2", "a:b", "1:-1", "0", "0:0", "0:1", "1:1", "2:1", "3:3", "${N}", "${M}", "${M}:1", "${N}:${N}", "${N}:${M}", "+1",
	"9:-1", "6", "6:1", "7:0", "99999999999999999999", "1:99999999999999999999", "5:9223372036854775807", "9223372036854775807:9", "${M}:-1", "1::2", "1:::2",
	"1:", ":2", "", "1:2:3", "1${N}", "${N}1", "${N}:1${N}", "${N}:${N}1", " 1", "1 ", "01", "1_0", "é:1", "a", "1:a", "0x1", "${V}", "${U}", "1\n",
}

// replacements are what stands behind the operator of a replacement.
var replacements = []string{
	"a/b", "a/", "a", "/b", "", "aa/x", "a\\/b/x", "\\//x", "\\\\/y", "\\a/y", "a/\\/", "a/\\\\", "a/$$", "$$/d", "é/e", "a/é", "${W}/x", "a/${W}", "${W}/${W}",
	"a/b/c", "a}b/c", "a//b", "a///b", "a/b}", "${W}x/y", "x${W}/y", "a/x${W}", "a/${W}x", "a?/x", "*/x", "[a]/x", "/a/x", "#a/x", "%a/x", "${E}/x", "${U}/x", "a/${U}",
	"a/\\}", "\n/x", "ca/\n", "a/b ",
}

// patterns are what stands behind the operator of a removal.
var patterns = []string{
	".*", "*.", "*", "**", "?", "??", "?*", "*?", "[a-c]", "[a-c]*", "*[a-z]", "[^a]", "[!a]", "]z-a[", "]c-a[*", "[]", "[", "[a", "[a-", "[-a]", "[\\]", "[\\a]", "\\*", "*\\", "\\", "\\\\",
	"a\\", "?\\", "é", "*é", "é*", "[é-ü]", "*[é]", "😀", "*b", "b*", "gz", ".gz", "a.", "*.*", "*.*.", "${W}", "${C}", "${C}*", "x${C}", "${U}", "", "x}y", "/", "*/", "$$", "\\$", "#", "##*.", "%", "a.b.tar.gz",
	"aé€é😀b", "\\*\\?", "*[*]*", "[*?]", "[[]", "\\[*", "*b.t", "t*r", "*t*.", "a*a", "€*é",
}

// random makes up templates of the pieces of the language.
func random(out *json.Encoder, seed uint64, count int) error {
	source := rand.New(rand.NewPCG(seed, 0))
	pick := func(from []string) string { return from[source.IntN(len(from))] }
	pieces := []string{
		"${", "${V", "${W", "${V}", "${W:=", "${V:=", "${V:-", "}", "}", "}", "}", "$", "$$", "\\", "/", "//", ":", "=", "#", "##", "%", "%%", "^", ",,", "*", "?", "[", "]",
		"a", "b", "ab", "é", "€", "😀", " ", "\n", "1", "2", "-1", "_", ".", "${V%", "${V#", "${V/", "${V//", "${V/%", "${V:1", "${#V}", "{", "-", "+", "^a", "[a-c]", "é-ü",
	}
	values := []string{"", "a", "abcab", "a.b.c", "é€😀a", "Ab\\*?/", "[a]b", "1", "-2", "${V}", "aaaa", "*", "?", "a*"}
	for range count {
		template := ""
		for range 1 + source.IntN(9) {
			template += pick(pieces)
		}
		if source.IntN(2) == 0 {
			template += "}"
		}
		given := variables{}
		for _, name := range []string{"V", "W", "a", "ab", "b1", "1"} {
			if source.IntN(4) > 0 {
				given[name] = pick(values)
			}
		}
		if err := out.Encode(process(template, given)); err != nil {
			return err
		}
	}
	return nil
}
