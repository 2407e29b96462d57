// Command tekton tells what the admission webhook of Tekton makes of objects: it is the oracle of src/lib/tekton.
//
// It reads JSON lines from standard input, each a case {"object": YAML}, and writes each with what came of it: "error" (the
// webhook's message), or "merged" (the object as v1, step templates merged into the steps). README.md tells how to run it.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/tektoncd/pipeline/pkg/apis/config"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/yaml"
)

type vector struct {
	Object string `json:"object"`
	Error  string `json:"error,omitempty"`
	Merged any    `json:"merged,omitempty"`
}

type object interface {
	apis.Defaultable
	apis.Validatable
	SetName(name string)
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	err := run(os.Stdin, out)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tekton:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	flags, err := config.NewFeatureFlagsFromMap(map[string]string{
		"enable-api-fields":              "alpha",
		"enable-cel-in-whenexpression":   "true",
		"enable-param-enum":              "true",
		"enable-step-actions":            "true",
		"enable-concise-resolver-syntax": "false",
	})
	if err != nil {
		return err
	}
	defaults, err := config.NewDefaultsFromMap(map[string]string{})
	if err != nil {
		return err
	}
	ctx := config.ToContext(context.Background(), &config.Config{FeatureFlags: flags, Defaults: defaults})
	ctx = apis.WithinCreate(ctx)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var one vector
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return err
		}
		merged, err := admit(ctx, one.Object)
		one.Error, one.Merged = "", nil
		if err != nil {
			one.Error = err.Error()
		} else {
			one.Merged = merged
		}
		if err := encoder.Encode(one); err != nil {
			return err
		}
	}
	return lines.Err()
}

// admit decodes an object as the webhook does, unknown fields refused, and runs its defaults and checks.
func admit(ctx context.Context, text string) (any, error) {
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	var kind metav1.TypeMeta
	if err := json.Unmarshal(raw, &kind); err != nil {
		return nil, err
	}
	switch kind.APIVersion + " " + kind.Kind {
	case "tekton.dev/v1 PipelineRun":
		run := &v1.PipelineRun{}
		if err := check(ctx, raw, run, func() object { return run.DeepCopy() }); err != nil {
			return nil, err
		}
		return run, merge(run)
	case "tekton.dev/v1beta1 PipelineRun":
		old, run := &v1beta1.PipelineRun{}, &v1.PipelineRun{}
		if err := check(ctx, raw, old, func() object { return old.DeepCopy() }); err != nil {
			return nil, err
		}
		if err := old.ConvertTo(ctx, run); err != nil {
			return nil, err
		}
		run.APIVersion, run.Kind, run.Annotations = "tekton.dev/v1", "PipelineRun", nil
		return run, merge(run)
	}
	return nil, fmt.Errorf("%s %s is no case", kind.APIVersion, kind.Kind)
}

func check(ctx context.Context, raw []byte, into any, copied func() object) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	one := copied()
	// The names of the cases are nobody's matter.
	one.SetName("run")
	one.SetDefaults(ctx)
	if err := one.Validate(ctx); err != nil {
		return err
	}
	return nil
}

// merge puts the step templates of inline tasks into their steps.
func merge(run *v1.PipelineRun) error {
	if run.Spec.PipelineSpec == nil {
		return nil
	}
	for _, tasks := range [][]v1.PipelineTask{run.Spec.PipelineSpec.Tasks, run.Spec.PipelineSpec.Finally} {
		for i := range tasks {
			if tasks[i].TaskSpec == nil {
				continue
			}
			spec := &tasks[i].TaskSpec.TaskSpec
			steps, err := v1.MergeStepsWithStepTemplate(spec.StepTemplate, spec.Steps)
			if err != nil {
				return err
			}
			spec.Steps, spec.StepTemplate = steps, nil
		}
	}
	return nil
}
