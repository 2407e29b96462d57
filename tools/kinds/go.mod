module kfleet.dev/tools/kinds

go 1.24
