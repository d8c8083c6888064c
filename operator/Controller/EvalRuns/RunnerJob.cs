using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Views;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>Builds the Job of a run: our runner, the cases mounted, no API credentials. Pure.</summary>
internal static class RunnerJob
{
    public const string Container = "runner";
    private const string CasesDirectory = "/cases";

    public static JsonObject Build(EvalRun run, EvalSuite suite, string casesDigest, string image)
    {
        var builtin = suite.Spec.Builtin;
        var labels = new JsonObject { [Names.ManagedByLabel] = Names.Operator, [Names.EvalRunLabel] = run.Metadata.Name };
        return new JsonObject
        {
            ["apiVersion"] = JobView.Resource.ApiVersion,
            ["kind"] = JobView.Resource.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = run.Metadata.Name,
                ["namespace"] = run.Metadata.NamespaceProperty,
                ["labels"] = labels.DeepClone(),
                ["ownerReferences"] = new JsonArray(new JsonObject
                {
                    ["apiVersion"] = $"{Names.Group}/{Names.Version}",
                    ["kind"] = EvalRun.EntityKind,
                    ["name"] = run.Metadata.Name,
                    ["uid"] = run.Metadata.Uid,
                    ["controller"] = true,
                    ["blockOwnerDeletion"] = false,
                }),
            },
            ["spec"] = new JsonObject
            {
                // A run that could not be made is another attempt with a name of its own, not a second pod of this one.
                ["backoffLimit"] = 0,
                ["activeDeadlineSeconds"] = Math.Max(1, (long)GoDuration.Parse(run.Spec.Deadline).TotalSeconds),
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = labels },
                    ["spec"] = new JsonObject
                    {
                        ["restartPolicy"] = "Never",
                        ["automountServiceAccountToken"] = false,
                        ["enableServiceLinks"] = false,
                        ["terminationGracePeriodSeconds"] = 10,
                        ["securityContext"] = new JsonObject
                        {
                            ["runAsNonRoot"] = true,
                            ["runAsUser"] = 65532,
                            ["runAsGroup"] = 65532,
                            ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
                        },
                        ["containers"] = new JsonArray(Runner(run, builtin, casesDigest, image)),
                        ["volumes"] = new JsonArray(new JsonObject
                        {
                            ["name"] = "cases",
                            ["configMap"] = new JsonObject
                            {
                                ["name"] = builtin.Cases.Name,
                                ["items"] = new JsonArray(new JsonObject { ["key"] = builtin.Cases.Key, ["path"] = "cases.jsonl" }),
                            },
                        }),
                    },
                },
            },
        };
    }

    private static JsonObject Runner(EvalRun run, BuiltinSuite builtin, string casesDigest, string image) => new()
    {
        ["name"] = Container,
        ["image"] = image,
        ["imagePullPolicy"] = "IfNotPresent",
        ["env"] = new JsonArray(
            Variable("RUN_UID", run.Metadata.Uid),
            Variable("CASES_FILE", $"{CasesDirectory}/cases.jsonl"),
            Variable("CASES_SHA256", casesDigest),
            Variable("TARGET", run.Spec.Target),
            Variable("PARALLELISM", $"{builtin.Parallelism ?? Defaults.BuiltinParallelism}"),
            Variable("CASE_TIMEOUT", builtin.CaseTimeout ?? Defaults.BuiltinCaseTimeout),
            Variable("CRITICAL_TAGS", string.Join(',', run.Spec.CriticalTags)),
            Variable("DOTNET_EnableDiagnostics", "0")),
        ["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "cases", ["mountPath"] = CasesDirectory, ["readOnly"] = true }),
        ["terminationMessagePolicy"] = "File",
        ["resources"] = new JsonObject
        {
            ["requests"] = new JsonObject { ["cpu"] = "50m", ["memory"] = "64Mi" },
            ["limits"] = new JsonObject { ["memory"] = "512Mi" },
        },
        ["securityContext"] = new JsonObject
        {
            ["allowPrivilegeEscalation"] = false,
            ["readOnlyRootFilesystem"] = true,
            ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
        },
    };

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };
}
