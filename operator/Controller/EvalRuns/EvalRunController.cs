using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Hosting;
using AgentReadiness.Controller.Views;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>
/// Makes one measurement: a Job of our runner beside the suite, and the verdict from what its container said last. A verdict is
/// written once and never changed.
/// </summary>
public sealed class EvalRunController(
    AgentObserver observer,
    ObjectCache<AgentDeployment> agents,
    ObjectCache<JobView> jobs,
    ObjectCache<PodView> pods,
    KubernetesApi api,
    EventRecorder events,
    OperatorOptions options,
    TimeProvider time,
    ILogger<EvalRunController> logger) : IEntityController<EvalRun>
{
    private static readonly ResourceType Runs = ResourceType.Of<EvalRun>();

    /// <inheritdoc/>
    public async Task<ReconciliationResult<EvalRun>> ReconcileAsync(EvalRun entity, CancellationToken cancellationToken)
    {
        var key = new NamespacedName(entity.Metadata.NamespaceProperty, entity.Metadata.Name);
        if (entity.Metadata.DeletionTimestamp is not null)
            return ReconciliationResult<EvalRun>.Success();
        // No owner reference crosses namespaces: a run whose agent is gone is collected here.
        var agent = agents.Get(new NamespacedName(entity.Spec.Agent.Namespace!, entity.Spec.Agent.Name));
        if (agent?.Uid != entity.Spec.AgentUid)
        {
            ControllerLog.Deleted(logger, Runs.Kind, key);
            await api.DeleteAsync(Runs, key.Namespace, key.Name, entity.Metadata.Uid, cancellationToken);
            return ReconciliationResult<EvalRun>.Success();
        }
        if (entity.Status?.Phase is EvalPhase.Passed or EvalPhase.Failed or EvalPhase.Inconclusive or EvalPhase.Error)
            return ReconciliationResult<EvalRun>.Success();

        if (entity.Status?.Phase is null or EvalPhase.Pending)
        {
            await StartAsync(entity, key, cancellationToken);
            return ReconciliationResult<EvalRun>.Success();
        }
        var job = jobs.Get(key)?.View;
        var runners = pods.ByIndex(CacheIndexes.ByRun, key.ToString()).Select(entry => entry.View).Where(pod => job is not null && pod.Meta.ControllerUid == job.Meta.Uid).ToList();
        var outcome = RunOutcome.Decide(entity, job, runners, time.GetUtcNow());
        if (outcome.Verdict is { } verdict)
            await FinishAsync(entity, key, verdict, outcome.Report, cancellationToken);
        return ReconciliationResult<EvalRun>.Success(outcome.LookAgainAfter);
    }

    /// <inheritdoc/>
    public Task<ReconciliationResult<EvalRun>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken) =>
        Task.FromResult(ReconciliationResult<EvalRun>.Success());

    private async Task StartAsync(EvalRun run, NamespacedName key, CancellationToken cancellationToken)
    {
        var suite = observer.Suite(key.Namespace, run.Spec.Suite);
        if (suite.Suite is null || suite.CasesDigest is null || EvalPlan.SuiteDigest(suite.Suite, suite.CasesDigest) != run.Spec.SuiteDigest)
        {
            await FinishAsync(run, key, Error(EvalReasons.SuiteChanged, "the suite or its cases changed before the run began; the next attempt takes the new ones"), null, cancellationToken);
            return;
        }
        var cases = suite.Suite.Spec.Builtin.Cases;
        var content = await api.GetAsync(ConfigMapView.Resource, key.Namespace, cases.Name, cancellationToken);
        if (content?["data"]?[cases.Key]?.GetValue<string>() is not { } text)
        {
            await FinishAsync(run, key, Error(EvalReasons.CasesMissing, $"ConfigMap {key.Namespace}/{cases.Name} has no key \"{cases.Key}\""), null, cancellationToken);
            return;
        }
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        try
        {
            await api.CreateAsync(JobView.Resource, key.Namespace, RunnerJob.Build(run, suite.Suite, digest, options.EvalRunnerImage), cancellationToken);
        }
        catch (KubernetesApiException error) when (error.IsAlreadyThere)
        {
            // Made by the leader before us. Any other conflict, such as a quota's, made no Job: that is tried again.
        }
        await PatchAsync(run, new EvalRunStatus { Phase = EvalPhase.Running, StartedAt = StatusDraft.Seconds(time.GetUtcNow()), CasesDigest = digest }, cancellationToken);
    }

    private async Task FinishAsync(EvalRun run, NamespacedName key, VerdictResult verdict, RunnerReport? report, CancellationToken cancellationToken)
    {
        await PatchAsync(run, new EvalRunStatus
        {
            Phase = verdict.Phase,
            StartedAt = run.Status?.StartedAt,
            CasesDigest = run.Status?.CasesDigest,
            FinishedAt = StatusDraft.Seconds(time.GetUtcNow()),
            Cases = report?.Cases,
            Passed = report?.Passed,
            Failed = report?.Failed,
            Errored = report?.Errored,
            Score = Text(verdict.Score),
            Lower = Text(verdict.Lower),
            Upper = Text(verdict.Upper),
            Reason = verdict.Reason,
            Message = verdict.Message.Length <= 2048 ? verdict.Message : verdict.Message[..2048],
            Failing = [.. (report?.Failing ?? []).Where(id => id.Length is > 0 and <= 128).Take(20)],
        }, cancellationToken);
        ControllerLog.RunEnded(logger, key, verdict.Phase.ToString(), verdict.Reason, verdict.Message);
        await events.PublishAsync(new EventSubject(Runs.ApiVersion, Runs.Kind, key, run.Metadata.Uid), verdict.Phase != EvalPhase.Passed, verdict.Reason, verdict.Message, cancellationToken);
    }

    private Task<JsonObject> PatchAsync(EvalRun run, EvalRunStatus status, CancellationToken cancellationToken) =>
        api.MergePatchAsync(Runs, run.Metadata.NamespaceProperty, run.Metadata.Name, "status", new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = run.Metadata.ResourceVersion },
            ["status"] = JsonNode.Parse(KubernetesJson.Serialize(status)),
        }, cancellationToken);

    private static VerdictResult Error(string reason, string message) => new(EvalPhase.Error, reason, message, null, null, null);

    private static string? Text(double? value) => value?.ToString("0.####", CultureInfo.InvariantCulture);
}
