// The Go SDK of Huawei Cloud against a server: create, show, search, stop and delete, and an error. Prints one JSON
// document: what the SDK read. What it could not read ends the program with the reason.
package main

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	modelarts "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/modelarts/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/modelarts/v1/model"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func text(value string) *string { return &value }

func job() *model.Job {
	return &model.Job{
		Kind: "job",
		Metadata: &model.JobMetadata{
			Name:        "from-go",
			Annotations: map[string]string{"ropeway/fake": `{"tasks":{"*":{"runMs":null}}}`},
		},
		Algorithm: &model.JobAlgorithm{
			Command:      text("sleep 1"),
			Engine:       &model.JobEngine{ImageUrl: text("team/train:1")},
			Environments: map[string]string{"EPOCHS": "3"},
		},
		Spec: &model.Spec{Resource: &model.SpecResource{FlavorId: text("ropeway.cpu.1"), NodeCount: 1}},
	}
}

func main() {
	credentials := must(basic.NewCredentialsBuilder().WithAk(os.Getenv("AK")).WithSk(os.Getenv("SK")).
		WithProjectId(os.Getenv("PROJECT")).SafeBuild())
	client := modelarts.NewModelArtsClient(must(modelarts.ModelArtsClientBuilder().
		WithEndpoints([]string{os.Getenv("ENDPOINT")}).WithCredential(credentials).SafeBuild()))

	flavors := must(client.ShowTrainingJobFlavors(&model.ShowTrainingJobFlavorsRequest{}))
	created := must(client.CreateTrainingJob(&model.CreateTrainingJobRequest{Body: job()}))
	id := *created.Metadata.Id
	show := &model.ShowTrainingJobDetailsRequest{TrainingJobId: id}
	shown := must(client.ShowTrainingJobDetails(show))
	for *shown.Status.Phase != "Running" {
		time.Sleep(50 * time.Millisecond)
		shown = must(client.ShowTrainingJobDetails(show))
	}
	filters := []model.Filter{{Key: text("name"), Operator: text("like"), Value: &[]string{"from-go"}}}
	found := must(client.ListTrainingJobs(&model.ListTrainingJobsRequest{Body: &model.JobSearches{Filters: &filters}}))
	stopped := must(client.StopTrainingJob(&model.StopTrainingJobRequest{
		TrainingJobId: id, Body: &model.JobActionType{ActionType: "terminate"}}))
	must(client.DeleteTrainingJob(&model.DeleteTrainingJobRequest{TrainingJobId: id}))

	_, err := client.ShowTrainingJobDetails(&model.ShowTrainingJobDetailsRequest{TrainingJobId: "no-such-job"})
	var refused *sdkerr.ServiceResponseError
	errors.As(err, &refused)
	must(0, json.NewEncoder(os.Stdout).Encode(map[string]any{
		"flavors": len(*flavors.Flavors), "created": created, "running": shown, "found": *found.Count,
		"stopped": *stopped.Status.Phase, "refused": refused,
	}))
}
