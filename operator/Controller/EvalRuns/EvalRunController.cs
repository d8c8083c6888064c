using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Prices;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>Makes one measurement: a place in the queue, a Job beside the suite, and the verdict on what its reporter read.</summary>
public sealed class EvalRunController(
    SuiteObserver suites,
    ObjectCache<AgentDeployment> agents,
    ObjectCache<EvalRun> runs,
    ObjectCache<JobView> jobs,
    ObjectCache<PodView> pods,
    KubernetesApi api,
    VerdictWriter verdicts,
    PriceBook prices,
    GrantCertificates certificates,
    ObjectCache<ConfigMapView> configMaps,
    OperatorOptions options,
    OperatorEnvironment settings,
    TimeProvider time,
    ILogger<EvalRunController> logger
) : IEntityController<EvalRun>
{
    private static readonly ResourceType Runs = ResourceType.Of<EvalRun>();
    private readonly Lock gate = new();

    // Runs that this process began and that its cache does not show at work yet: a place is not given twice.
    private readonly HashSet<NamespacedName> begun = [];

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
        // Woken when there is a CA that a judge's guardrail can trust.
        if (entity.IsOver || certificates.Bundle is null)
            return ReconciliationResult<EvalRun>.Success();
        if (entity.Status?.Phase is null or EvalPhase.Pending)
            return await BeginAsync(entity, key, cancellationToken);
        if (entity.Spec.Kind == EvalKind.External)
            return await AwaitSubmissionAsync(entity, cancellationToken);

        await SetAuthorityAsync(new NamespacedName(key.Namespace, RunnerJob.JudgeConfigName(entity)), cancellationToken);
        var job = jobs.Get(key)?.View;
        var runners = pods.ByIndex(CacheIndexes.ByRun, key.ToString())
            .Select(entry => entry.View)
            .Where(pod => job is not null && pod.Meta.ControllerUid == job.Meta.Uid)
            .ToList();
        var outcome = RunOutcome.Decide(entity, job, runners, time.GetUtcNow());
        if (outcome.Fault is { } fault)
            await verdicts.FinishAsync(entity, fault, null, cancellationToken);
        else if (outcome is { Report: { } report, Pod: { } pod })
            await JudgeAsync(entity, report, pod, cancellationToken);
        return ReconciliationResult<EvalRun>.Success(outcome.LookAgainAfter);
    }

    /// <inheritdoc/>
    public Task<ReconciliationResult<EvalRun>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        Forget(key);
        return Task.FromResult(ReconciliationResult<EvalRun>.Success());
    }

    private async Task<ReconciliationResult<EvalRun>> BeginAsync(EvalRun run, NamespacedName key, CancellationToken cancellationToken)
    {
        var suite = suites.Observe(key.Namespace, run.Spec.Suite);
        if (suite.Suite is null || suite.CasesDigest is null || SuiteDigest.Of(suite.Suite, suite.CasesDigest) != run.Spec.SuiteDigest)
        {
            await verdicts.FinishAsync(
                run,
                VerdictWriter.Error(
                    EvalReasons.SuiteChanged,
                    "the suite or its cases changed before the run began; the next attempt takes the new ones"
                ),
                null,
                cancellationToken
            );
            return ReconciliationResult<EvalRun>.Success();
        }
        var began = Timestamps.WholeSeconds(time.GetUtcNow());
        if (run.Spec.Kind == EvalKind.External)
        {
            var message =
                $"waits until {began + GoDuration.Parse(run.Spec.Deadline):yyyy-MM-dd'T'HH:mm:ss'Z'} for: kubectl agents evals submit "
                + $"FILE --suite {key.Namespace}/{run.Spec.Suite} --agent {run.Spec.Agent.Namespace}/{run.Spec.Agent.Name} --revision "
                + $"{run.Spec.Revision}";
            await verdicts.PatchAsync(
                run,
                new EvalRunStatus
                {
                    Phase = EvalPhase.Running,
                    StartedAt = began,
                    Reason = EvalReasons.AwaitingSubmission,
                    Message = message,
                },
                cancellationToken
            );
            return ReconciliationResult<EvalRun>.Success();
        }
        if (!TakePlace(key))
        {
            // Told once; a place that is free wakes those that wait.
            if (run.Status?.Reason != EvalReasons.Queued)
            {
                await verdicts.PatchAsync(
                    run,
                    new EvalRunStatus
                    {
                        Phase = EvalPhase.Pending,
                        Reason = EvalReasons.Queued,
                        Message =
                            $"waits for a place: {options.EvalLimits.Cluster} runs may be at work in the cluster, "
                            + $"{options.EvalLimits.Namespace} for the agents of one namespace",
                    },
                    cancellationToken
                );
            }
            return ReconciliationResult<EvalRun>.Success();
        }
        try
        {
            await StartAsync(run, suite.Suite, key, began, cancellationToken);
        }
        catch
        {
            Forget(key);
            throw;
        }
        return ReconciliationResult<EvalRun>.Success();
    }

    private bool TakePlace(NamespacedName key)
    {
        lock (gate)
        {
            var waiting = runs.ByIndex(Registration.ByState, EvalQueue.Waiting).Select(entry => entry.View).ToList();
            var atWork = runs.ByIndex(Registration.ByState, EvalQueue.AtWork).Select(entry => entry.View).ToList();
            begun.RemoveWhere(one => runs.Get(one)?.View is not { } view || EvalQueue.StateOf(view) != EvalQueue.Waiting);
            var begunHere = waiting.Where(run => begun.Contains(Key(run))).ToList();
            EvalMetrics.Queue.WithLabels(EvalQueue.Waiting).Set(waiting.Count - begunHere.Count);
            EvalMetrics.Queue.WithLabels(EvalQueue.AtWork).Set(atWork.Count + begunHere.Count);
            if (!EvalQueue.MayBegin(waiting.Except(begunHere), atWork.Concat(begunHere), options.EvalLimits).Contains(key))
                return false;
            begun.Add(key);
            return true;
        }
    }

    private void Forget(NamespacedName key)
    {
        lock (gate)
            begun.Remove(key);
    }

    private async Task StartAsync(EvalRun run, EvalSuite suite, NamespacedName key, DateTime began, CancellationToken cancellationToken)
    {
        string? digest = null;
        var environment = settings with { GrantsCa = certificates.Bundle! };
        if (suite.Spec.Builtin?.Cases is { } cases)
        {
            var content = await api.GetAsync(ConfigMapView.Resource, key.Namespace, cases.Name, cancellationToken);
            if (content?["data"]?[cases.Key]?.GetValue<string>() is not { } text)
            {
                await verdicts.FinishAsync(
                    run,
                    VerdictWriter.Error(EvalReasons.CasesMissing, $"ConfigMap {key.Namespace}/{cases.Name} has no key \"{cases.Key}\""),
                    null,
                    cancellationToken
                );
                return;
            }
            digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        }
        try
        {
            if (suite.Spec.Builtin?.Judge is { } judge)
                await CreateAsync(ConfigMapView.Resource, RunnerJob.JudgeConfig(run, judge, environment, prices.InForce));
            await CreateAsync(JobView.Resource, RunnerJob.Build(run, suite.Spec, digest, options.EvalRunnerImage, environment));
        }
        catch (KubernetesApiException error) when (error.IsInvalid)
        {
            await verdicts.FinishAsync(
                run,
                VerdictWriter.Error(EvalReasons.RunnerJobFailed, $"the API server refuses the runner's Job: {error.Message}"),
                null,
                cancellationToken
            );
            return;
        }
        await verdicts.PatchAsync(
            run,
            new EvalRunStatus
            {
                Phase = EvalPhase.Running,
                StartedAt = began,
                CasesDigest = digest,
            },
            cancellationToken
        );

        async Task CreateAsync(ResourceType resource, JsonObject body)
        {
            try
            {
                await api.CreateAsync(resource, key.Namespace, body, cancellationToken);
            }
            catch (KubernetesApiException error) when (error.IsAlreadyThere)
            {
                // Made by the leader before us. Any other conflict, such as a quota's, made nothing: that is tried again.
            }
        }
    }

    // A run may last longer than a rotation.
    private async Task SetAuthorityAsync(NamespacedName configMap, CancellationToken cancellationToken)
    {
        if (
            certificates.Bundle is not { } bundle
            || configMaps.Get(configMap)?.View.CaDigest is not { } has
            || has == TrustBundle.DigestOf(bundle)
        )
            return;
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

    private async Task<ReconciliationResult<EvalRun>> AwaitSubmissionAsync(EvalRun run, CancellationToken cancellationToken)
    {
        var left = RunOutcome.Until(run) - time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return ReconciliationResult<EvalRun>.Success(left);
        await verdicts.FinishAsync(
            run,
            VerdictWriter.Error(EvalReasons.NotSubmitted, $"nobody submitted results within {run.Spec.Deadline}"),
            null,
            cancellationToken
        );
        return ReconciliationResult<EvalRun>.Success();
    }

    private async Task JudgeAsync(EvalRun run, ReporterMessage report, PodView pod, CancellationToken cancellationToken)
    {
        var (native, problem) = await ResultsAsync(report, pod, cancellationToken);
        if (native is null)
        {
            // The kubelet may be away for a moment; the log of a pod that is gone never comes.
            if (time.GetUtcNow() < RunOutcome.Until(run) + RunOutcome.Grace)
                throw new KubernetesApiException(
                    System.Net.HttpStatusCode.ServiceUnavailable,
                    "LogUnreadable",
                    $"pod {pod.Meta.Key}: {problem}"
                );
            await verdicts.FinishAsync(
                run,
                VerdictWriter.Error(EvalReasons.LogUnreadable, $"the results in the log of pod {pod.Meta.Key} cannot be read: {problem}"),
                null,
                cancellationToken
            );
            return;
        }
        using var stream = new MemoryStream(native, writable: false);
        var results = ResultsReader.Read(stream) with { Format = report.Format };
        int Count(CaseOutcome outcome) => results.Cases.Count(one => one.Outcome == outcome);
        var verdict =
            results.Problems.Count == 0
            && (Count(CaseOutcome.Passed), Count(CaseOutcome.Failed), Count(CaseOutcome.Errored), Count(CaseOutcome.Skipped))
                != (report.Passed, report.Failed, report.Errored, report.Skipped)
                ? VerdictWriter.Error(EvalReasons.CountsDisagree, "the report's counts are not those of its results")
                : await verdicts.JudgeAsync(run, results, cancellationToken);
        await verdicts.FinishAsync(run, verdict, results, cancellationToken);
    }

    private async Task<(byte[]? Native, string? Problem)> ResultsAsync(
        ReporterMessage report,
        PodView pod,
        CancellationToken cancellationToken
    )
    {
        if (report.Results is { } inline)
            return ResultsLog.TryInline(inline, report.Digest, out var small, out var broken) ? (small, null) : (null, broken);
        try
        {
            var path =
                $"{PodView.Resource.Path(pod.Meta.Key.Namespace, pod.Meta.Key.Name, "log")}"
                + $"?container={RunnerJob.Reporter}&limitBytes={ResultsLog.MaxLogBytes}";
            using var response = await api.OpenAsync(HttpMethod.Get, path, null, null, cancellationToken);
            await using var log = await response.Content.ReadAsStreamAsync(cancellationToken);
            // To its end before it is searched: a reader that meets a broken connection must not take a part for the whole.
            using var copy = new MemoryStream();
            await log.CopyToAsync(copy, cancellationToken);
            copy.Position = 0;
            return ResultsLog.TryRead(copy, report.Digest, out var native, out var problem) ? (native, null) : (null, problem);
        }
        catch (Exception error) when (error is KubernetesApiException or HttpRequestException or IOException)
        {
            return (null, error.Message);
        }
    }

    private static NamespacedName Key(EvalRun run) => new(run.Metadata.NamespaceProperty, run.Metadata.Name);
}
