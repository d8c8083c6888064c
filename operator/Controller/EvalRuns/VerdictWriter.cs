using System.Globalization;
using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>
/// From results to the verdict in a run's status. It is written once, guarded by the version that it was decided on, and never changed.
/// </summary>
public sealed class VerdictWriter(KubernetesApi api, EventRecorder events, TimeProvider time, ILogger<VerdictWriter> logger)
{
    private const int Failing = 20;
    private const int MaxId = 128;
    private static readonly ResourceType Runs = ResourceType.Of<EvalRun>();

    /// <summary>Judges results by the bar of a run, and by what serves where the run names a baseline.</summary>
    public async Task<VerdictResult> JudgeAsync(EvalRun run, EvalResults results, CancellationToken cancellationToken)
    {
        EvalResults? baseline = null;
        if (run.Spec.Baseline is { } name)
        {
            var record = await api.GetAsync(Runs, run.Metadata.NamespaceProperty, name, cancellationToken);
            baseline = StoredResults.Decode(record?["status"]?["results"]?.GetValue<string>());
        }
        var verdict = ResultsVerdict.Decide(results, Bar(run), baseline);
        verdict = results.Fallbacks is > 0 and var used
            ? verdict with
            {
                Message = $"{verdict.Message}; a fallback answered {used} call{(used == 1 ? "" : "s")} of models",
            }
            : verdict;
        return run.Spec.Chaos is null ? verdict : Under(verdict, results);
    }

    /// <summary>The bar of a run.</summary>
    public static ResultsBar Bar(EvalRun run) =>
        new(new Thresholds(Number(run.Spec.MinScore), Number(run.Spec.Confidence), run.Spec.MinCases))
        {
            CriticalTags = run.Spec.CriticalTags,
            MaxRegression = run.Spec.MaxRegression is { } most ? Number(most) : 1,
            // Only our own runner checks its results between repeats. Results of other runners are checked once.
            Looks = run.Spec is { Kind: null or EvalKind.Builtin, Repeats: { } repeats } ? (repeats.Max ?? 1) - (repeats.Min ?? 1) + 1 : 1,
        };

    /// <summary>
    /// A verdict on what was measured under chaos: good behaviour where nothing went wrong is no evidence of how the agent behaves where
    /// something does.
    /// </summary>
    internal static VerdictResult Under(VerdictResult verdict, EvalResults results)
    {
        var met = results.Cases.Count(one => one.Faults.Count > 0);
        var message = $"{verdict.Message}; under chaos {met} of {results.Cases.Count} cases met a fault";
        return verdict.Phase == EvalPhase.Passed && met == 0
            ? verdict with
            {
                Phase = EvalPhase.Inconclusive,
                Reason = EvalReasons.NoFaultMet,
                Message = message,
            }
            : verdict with
            {
                Message = message,
            };
    }

    /// <summary>A verdict that there was no measurement.</summary>
    public static VerdictResult Error(string reason, string message) => new(EvalPhase.Error, reason, message, null, null, null);

    /// <summary>Writes what is known of a run that goes on.</summary>
    /// <exception cref="KubernetesApiException">IsConflict: somebody wrote since.</exception>
    public Task<JsonObject> PatchAsync(EvalRun run, EvalRunStatus status, CancellationToken cancellationToken) =>
        api.MergePatchAsync(
            Runs,
            run.Metadata.NamespaceProperty,
            run.Metadata.Name,
            "status",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = run.Metadata.ResourceVersion },
                ["status"] = JsonNode.Parse(KubernetesJson.Serialize(status)),
            },
            cancellationToken
        );

    /// <summary>Writes a verdict and tells of it.</summary>
    /// <param name="run">The run as it was decided on.</param>
    /// <param name="verdict">The verdict.</param>
    /// <param name="results">The results behind it, where there were any.</param>
    /// <param name="cancellationToken">Ends the try.</param>
    /// <exception cref="KubernetesApiException">IsConflict: somebody wrote since.</exception>
    public async Task FinishAsync(EvalRun run, VerdictResult verdict, EvalResults? results, CancellationToken cancellationToken)
    {
        int? Count(CaseOutcome outcome) => results?.Cases.Count(one => one.Outcome == outcome);
        var measured = verdict.Phase is EvalPhase.Passed or EvalPhase.Failed or EvalPhase.Inconclusive;
        var stored = measured && results is not null ? StoredResults.Encode(results) : null;
        await PatchAsync(
            run,
            new EvalRunStatus
            {
                Phase = verdict.Phase,
                StartedAt = run.Status?.StartedAt,
                CasesDigest = run.Status?.CasesDigest,
                FinishedAt = Timestamps.WholeSeconds(time.GetUtcNow()),
                Format = results?.Format,
                Cases = results?.Cases.Count,
                Passed = Count(CaseOutcome.Passed),
                Failed = Count(CaseOutcome.Failed),
                Errored = Count(CaseOutcome.Errored),
                Skipped = Count(CaseOutcome.Skipped),
                Fallbacks = results?.Fallbacks,
                Results = stored,
                Kept = stored is null ? null : StoredResults.Info(stored).Kept,
                Score = Text(verdict.Score),
                Lower = Text(verdict.Lower),
                Upper = Text(verdict.Upper),
                Reason = verdict.Reason,
                Message = verdict.Message.Length <= 2048 ? verdict.Message : verdict.Message[..2048],
                Fault = verdict.Fault is { Length: > 512 } fault ? fault[..512] : verdict.Fault,
                Chaos = run.Spec.Chaos is null || results is null ? null : Met(results),
                Failing = results is null
                    ? []
                    :
                    [
                        .. ResultsVerdict
                            .Failing(results, Bar(run))
                            .Select(one => one.Id)
                            .Where(id => id.Length is > 0 and <= MaxId)
                            .Take(Failing),
                    ],
            },
            cancellationToken
        );
        var key = new NamespacedName(run.Metadata.NamespaceProperty, run.Metadata.Name);
        ControllerLog.RunEnded(logger, key, verdict.Phase.ToString(), verdict.Reason, verdict.Message);
        EvalMetrics.Ended(run, verdict);
        await events.PublishAsync(
            new EventSubject(Runs.ApiVersion, Runs.Kind, key, run.Metadata.Uid),
            verdict.Phase != EvalPhase.Passed,
            verdict.Reason,
            verdict.Message,
            cancellationToken
        );
    }

    /// <summary>Which cases met which faults, those that did not pass first.</summary>
    internal static ChaosStatus Met(EvalResults results)
    {
        var cases = results.Cases.Where(one => one.Faults.Count > 0).ToList();
        return new ChaosStatus
        {
            Cases = cases.Count,
            Met =
            [
                .. cases
                    .Where(one => one.Id.Length is > 0 and <= MaxId)
                    .OrderBy(one => one.Outcome == CaseOutcome.Passed)
                    .ThenBy(one => one.Id, StringComparer.Ordinal)
                    .Take(Failing)
                    .Select(one => new CaseFaults { Case = one.Id, Faults = one.Faults }),
            ],
        };
    }

    private static double Number(string text) => double.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);

    private static string? Text(double? value) => value?.ToString("0.####", CultureInfo.InvariantCulture);
}
