using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>A requirement, the run that speaks for it, and what is still to be done.</summary>
/// <param name="Index">Position in spec.evals.</param>
/// <param name="Requirement">The requirement.</param>
/// <param name="SuiteNamespace">The suite's namespace.</param>
/// <param name="Latest">The latest attempt of exactly this measurement, or null.</param>
/// <param name="Identity">Names the measurement: agent, revision, suite, its cases and the bar.</param>
/// <param name="SuiteDigest">Digest of the suite and its cases.</param>
/// <param name="Tries">Attempts in the latest run's round.</param>
/// <param name="Round">The round that a person asked for by a decision to retry; 0: none.</param>
internal sealed record EvalStep(int Index, EvalRequirement Requirement, string SuiteNamespace, EvalRun? Latest, string Identity, string SuiteDigest, int Tries, int Round)
{
    /// <summary>Tries of a measurement that could not be made; a measurement that was made is final until a person asks for another round.</summary>
    public const int MaxAttempts = 3;

    public string Suite => $"{SuiteNamespace}/{Requirement.Suite.Name}";

    public EvalPhase Phase => Latest?.Status?.Phase ?? EvalPhase.Pending;

    public bool Passed => Phase == EvalPhase.Passed;

    public bool Blocked => Ended && !RoundIsNew;

    /// <summary>The attempt to create now, or null where one is there that is not over.</summary>
    public int? NextAttempt => Latest is null ? 1 : (Phase == EvalPhase.Error && !Ended) || (Ended && RoundIsNew) ? Latest.Spec.Attempt + 1 : null;

    private bool Ended => Phase is EvalPhase.Failed or EvalPhase.Inconclusive || (Phase == EvalPhase.Error && Tries >= MaxAttempts);

    private bool RoundIsNew => Round > (Latest!.Spec.Round ?? 0);
}

/// <summary>From requirements and runs to steps. Pure.</summary>
internal static class EvalPlan
{
    /// <summary>The problem that keeps a requirement from being measured at all, or null.</summary>
    public static (string Reason, string Message)? Problem(AgentObservation seen)
    {
        for (var i = 0; i < seen.Agent.Spec.Evals.Count; i++)
        {
            var reference = seen.Agent.Spec.Evals[i].Suite;
            var ns = reference.Namespace ?? seen.Namespace;
            var field = $"spec.evals[{i}].suite";
            var view = seen.Suites[i];
            if (view.Suite is not { } suite)
                return (Reasons.SuiteNotFound, $"{field}: EvalSuite {ns}/{reference.Name} does not exist");
            if (ns != seen.Namespace && !suite.Spec.AllowedNamespaces.Contains(seen.Namespace) && !suite.Spec.AllowedNamespaces.Contains("*"))
                return (Reasons.SuiteNotAllowed, $"{field}: EvalSuite {ns}/{reference.Name} does not list namespace \"{seen.Namespace}\" in spec.allowedNamespaces");
            if (view.CasesDigest is null)
                return (Reasons.SuiteCasesNotFound, $"{field}: ConfigMap {ns}/{suite.Spec.Builtin.Cases.Name} with the cases of EvalSuite {ns}/{reference.Name} does not exist");
            if (suite.Spec.Builtin.Port is { } port && !seen.Agent.Spec.Ports.Exists(declared => declared.Name == port))
                return (Reasons.InvalidSpec, $"{field}: EvalSuite {ns}/{reference.Name} sends its cases to port \"{port}\", which spec.ports does not list");
        }
        return null;
    }

    /// <summary>The steps, in the order of the requirements. Only where <see cref="Problem"/> is null.</summary>
    public static IReadOnlyList<EvalStep> Steps(AgentObservation seen, string revision, int round) => [.. seen.Agent.Spec.Evals.Select((requirement, index) =>
    {
        var ns = requirement.Suite.Namespace ?? seen.Namespace;
        var view = seen.Suites[index];
        var digest = SuiteDigest(view.Suite!, view.CasesDigest!);
        var identity = Identity(seen, revision, ns, requirement, digest);
        var runs = seen.Runs
            .Where(run => run.Metadata.NamespaceProperty == ns && run.Metadata.Name.StartsWith($"{seen.Name}-{identity}-", StringComparison.Ordinal) && run.Spec.AgentUid == seen.Uid)
            .ToList();
        var latest = runs.MaxBy(run => run.Spec.Attempt);
        return new EvalStep(index, requirement, ns, latest, identity, digest, runs.Count(run => run.Spec.Round == latest!.Spec.Round), round);
    })];

    /// <summary>The EvalRun of a step's next attempt.</summary>
    public static JsonObject Run(AgentObservation seen, string revision, EvalStep step, int attempt)
    {
        var suite = seen.Suites[step.Index].Suite!.Spec.Builtin;
        var port = seen.Agent.Spec.Ports.Find(declared => declared.Name == suite.Port) ?? seen.Agent.Spec.Ports[0];
        var requirement = step.Requirement;
        var body = new JsonObject
        {
            ["apiVersion"] = $"{Names.Group}/{Names.Version}",
            ["kind"] = EvalRun.EntityKind,
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{seen.Name}-{step.Identity}-{attempt}",
                ["namespace"] = step.SuiteNamespace,
                ["labels"] = new JsonObject
                {
                    [Names.ManagedByLabel] = Names.Operator,
                    [Names.AgentLabel] = seen.Name,
                    [Names.AgentNamespaceLabel] = seen.Namespace,
                    [Names.RevisionLabel] = revision,
                },
            },
            ["spec"] = new JsonObject
            {
                ["agent"] = new JsonObject { ["namespace"] = seen.Namespace, ["name"] = seen.Name },
                ["agentUid"] = seen.Uid,
                ["revision"] = revision,
                ["suite"] = requirement.Suite.Name,
                ["suiteDigest"] = step.SuiteDigest,
                ["attempt"] = attempt,
                ["target"] = $"http://{ChildNames.CandidateService(seen.Name)}.{seen.Namespace}.svc:{port.Port}{suite.Path ?? Defaults.BuiltinPath}",
                ["minScore"] = requirement.MinScore,
                ["confidence"] = requirement.Confidence ?? Defaults.Confidence,
                ["minCases"] = requirement.MinCases ?? Defaults.MinCases,
                ["criticalTags"] = new JsonArray([.. requirement.CriticalTags.Select(tag => (JsonNode)tag)]),
                ["deadline"] = requirement.Deadline ?? Defaults.EvalDeadline,
            },
        };
        if (step.Round > 0)
            body["spec"]!["round"] = step.Round;
        return body;
    }

    /// <summary>What the agent's status says of a step.</summary>
    public static EvalVerdictStatus Status(EvalStep step, string revision) => new()
    {
        Suite = step.Suite,
        Revision = revision,
        Run = step.Latest?.Metadata.Name,
        Phase = step.Phase,
        Score = step.Latest?.Status?.Score,
        Lower = step.Latest?.Status?.Lower,
        MinScore = step.Requirement.MinScore,
        Cases = step.Latest?.Status?.Cases,
        Failing = step.Latest?.Status?.Failing ?? [],
        Message = step.Latest?.Status?.Message,
    };

    /// <summary>The verdicts in a few words, for the printer column.</summary>
    public static string Summary(IReadOnlyList<EvalStep> steps)
    {
        var worst = steps.FirstOrDefault(step => step.Blocked) ?? steps.FirstOrDefault(step => !step.Passed) ?? steps[0];
        var score = worst.Latest?.Status?.Score;
        return score is null ? worst.Phase.ToString()
            : worst.Phase == EvalPhase.Passed ? $"Passed {score}" : $"{worst.Phase} {score} (needs {worst.Requirement.MinScore})";
    }

    /// <summary>Digest of what a suite measures: its spec, without who may use it, and its cases.</summary>
    public static string SuiteDigest(EvalSuite suite, string casesDigest)
    {
        var builtin = suite.Spec.Builtin;
        var whole = new JsonObject
        {
            ["cases"] = casesDigest,
            ["key"] = builtin.Cases.Key,
            ["path"] = builtin.Path ?? Defaults.BuiltinPath,
            ["port"] = builtin.Port,
        };
        return Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Serialize(whole)));
    }

    private static string Identity(AgentObservation seen, string revision, string suiteNamespace, EvalRequirement requirement, string digest)
    {
        var text = string.Join('\n',
        [
            seen.Uid, revision, suiteNamespace, requirement.Suite.Name, digest, requirement.MinScore, requirement.Confidence ?? Defaults.Confidence,
            (requirement.MinCases ?? Defaults.MinCases).ToString(System.Globalization.CultureInfo.InvariantCulture), .. requirement.CriticalTags.Order(StringComparer.Ordinal),
        ]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..10];
    }
}
