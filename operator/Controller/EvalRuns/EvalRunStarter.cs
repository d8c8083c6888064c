using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.Prices;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>Makes what a run consists of: the runner's Job, and the configuration of the guardrail in front of its judge.</summary>
internal sealed class EvalRunStarter(
    KubernetesApi api,
    VerdictWriter verdicts,
    PriceBook prices,
    OperatorEnvironment environment,
    OperatorOptions options
)
{
    /// <summary>Starts a run that has a place, and writes that it is at work; or the verdict that it cannot be.</summary>
    /// <exception cref="KubernetesApiException">The API server refused for a reason that may pass.</exception>
    public async Task StartAsync(EvalRun run, EvalRunAction.Start start, CancellationToken cancellationToken)
    {
        var ns = run.Metadata.NamespaceProperty;
        var (suite, around) = (start.Suite, environment with { GrantsCa = start.TrustBundle });
        string? digest = null;
        if (suite.Builtin?.Cases is { } cases)
        {
            var content = await api.GetAsync(ConfigMapView.Resource, ns, cases.Name, cancellationToken);
            if (content?["data"]?[cases.Key]?.GetValue<string>() is not { } text)
            {
                await FailAsync(
                    run,
                    EvalReasons.CasesMissing,
                    $"ConfigMap {ns}/{cases.Name} has no key \"{cases.Key}\"",
                    cancellationToken
                );
                return;
            }
            digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        }
        try
        {
            if (suite.Builtin?.Judge is { } judge)
                await CreateAsync(ConfigMapView.Resource, ns, RunnerJob.JudgeConfig(run, judge, around, prices.InForce), cancellationToken);
            await CreateAsync(
                JobView.Resource,
                ns,
                RunnerJob.Build(run, suite, digest, options.EvalRunnerImage, around),
                cancellationToken
            );
        }
        catch (KubernetesApiException exception) when (exception.IsInvalid)
        {
            await FailAsync(
                run,
                EvalReasons.RunnerJobFailed,
                $"the API server refuses the runner's Job: {exception.Message}",
                cancellationToken
            );
            return;
        }
        await verdicts.PatchAsync(
            run,
            new EvalRunStatus
            {
                Phase = EvalPhase.Running,
                StartedAt = start.Began,
                CasesDigest = digest,
            },
            cancellationToken
        );
    }

    private Task FailAsync(EvalRun run, string reason, string message, CancellationToken cancellationToken) =>
        verdicts.FinishAsync(run, VerdictWriter.Error(reason, message), null, cancellationToken);

    private async Task CreateAsync(ResourceType resource, string ns, JsonObject body, CancellationToken cancellationToken)
    {
        try
        {
            await api.CreateAsync(resource, ns, body, cancellationToken);
        }
        catch (KubernetesApiException exception) when (exception.IsAlreadyThere)
        {
            // The leader before this one has created it. After any other conflict, for example of a quota, nothing was created, and it is
            // tried again.
        }
    }
}
