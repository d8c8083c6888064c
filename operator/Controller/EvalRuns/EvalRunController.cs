using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>
/// Observe, decide, act for one measurement: a place in the queue, a Job beside the suite, and the verdict on what its reporter read.
/// </summary>
internal sealed class EvalRunController(
    EvalRunObserver observer,
    EvalPlaces places,
    EvalRunStarter starter,
    RunnerResults runnerResults,
    VerdictWriter verdicts,
    KubernetesApi api,
    ILogger<EvalRunController> logger
) : IEntityController<EvalRun>
{
    private static readonly ResourceType Runs = ResourceType.Of<EvalRun>();

    /// <inheritdoc/>
    public async Task<ReconciliationResult<EvalRun>> ReconcileAsync(EvalRun entity, CancellationToken cancellationToken)
    {
        await observer.ReadAsync(entity, cancellationToken);
        var seen = observer.Observe(entity);
        var decision = EvalRunDecider.Decide(seen);
        if (decision.SetTrustBundle is { } bundle)
            await SetTrustBundleAsync(entity, bundle, cancellationToken);
        switch (decision.Action)
        {
            case EvalRunAction.Collect:
                await CollectAsync(entity, cancellationToken);
                break;
            case EvalRunAction.Patch patch:
                await verdicts.PatchAsync(entity, patch.Status, cancellationToken);
                break;
            case EvalRunAction.Finish finish:
                await verdicts.FinishAsync(entity, finish.Verdict, null, cancellationToken);
                break;
            case EvalRunAction.AskWhy { Job: var job } when await JobRefusals.LastAsync(api, job, cancellationToken) is { } why:
                if (entity.Status!.Message != why)
                    await verdicts.PatchAsync(
                        entity,
                        entity.Status with
                        {
                            Reason = EvalReasons.RunnerRefused,
                            Message = why,
                        },
                        cancellationToken
                    );
                break;
            case EvalRunAction.Start start:
                await StartAsync(entity, start, cancellationToken);
                break;
            case EvalRunAction.Judge judge when await JudgeAsync(seen, judge, cancellationToken) is { } problem:
                return ReconciliationResult<EvalRun>.Failure(problem);
            default:
                break;
        }
        return ReconciliationResult<EvalRun>.Success(decision.RequeueAfter);
    }

    /// <inheritdoc/>
    public Task<ReconciliationResult<EvalRun>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        places.Release(key);
        return Task.FromResult(ReconciliationResult<EvalRun>.Success());
    }

    private async Task CollectAsync(EvalRun run, CancellationToken cancellationToken)
    {
        var key = Key(run);
        ControllerLog.Deleted(logger, Runs.Kind, key);
        await api.DeleteAsync(Runs, key.Namespace, key.Name, run.Metadata.Uid, cancellationToken);
    }

    private async Task StartAsync(EvalRun run, EvalRunAction.Start start, CancellationToken cancellationToken)
    {
        var key = Key(run);
        if (!places.TryTake(key))
        {
            if (EvalRunDecider.Queued(run, places.Limits) is { } queued)
                await verdicts.PatchAsync(run, queued, cancellationToken);
            return;
        }
        try
        {
            await starter.StartAsync(run, start, cancellationToken);
        }
        catch
        {
            places.Release(key);
            throw;
        }
    }

    // Returns why the results cannot be read now; null where the run has its verdict.
    private async Task<string?> JudgeAsync(EvalRunObservation seen, EvalRunAction.Judge judge, CancellationToken cancellationToken)
    {
        var (native, problem) = await runnerResults.ReadAsync(judge.Report, judge.Pod, cancellationToken);
        if (native is null)
        {
            if (EvalRunDecider.Unreadable(seen.Run, judge.Pod, problem, seen.Now) is not { } unreadable)
                return $"pod {judge.Pod.Meta.Key}: {problem}";
            await verdicts.FinishAsync(seen.Run, unreadable, null, cancellationToken);
            return null;
        }
        using var stream = new MemoryStream(native, writable: false);
        var results = ResultsReader.Read(stream) with { Format = judge.Report.Format };
        var verdict = EvalRunDecider.Disagreement(judge.Report, results) ?? await verdicts.JudgeAsync(seen.Run, results, cancellationToken);
        await verdicts.FinishAsync(seen.Run, verdict, results, cancellationToken);
        return null;
    }

    private async Task SetTrustBundleAsync(EvalRun run, string bundle, CancellationToken cancellationToken)
    {
        var configMap = new NamespacedName(run.Metadata.NamespaceProperty, RunnerJob.JudgeConfigName(run));
        ControllerLog.AuthoritySet(logger, configMap);
        await api.MergePatchAsync(
            ConfigMapView.Resource,
            configMap.Namespace,
            configMap.Name,
            null,
            new JsonObject { ["data"] = new JsonObject { [Path.GetFileName(GuardrailPaths.CaFile)] = bundle } },
            cancellationToken
        );
    }

    private static NamespacedName Key(EvalRun run) => new(run.Metadata.NamespaceProperty, run.Metadata.Name);
}
