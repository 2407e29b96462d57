module kfleet.dev/tools/go-regex

go 1.25
