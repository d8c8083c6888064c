using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.EvalSuites;

/// <summary>The digest of what a suite measures: its spec, without who may use it, and its cases. Pure.</summary>
public static class SuiteDigest
{
    /// <summary>The digest: SHA-256 over canonical JSON (RFC 8785), as lower-case hex.</summary>
    /// <param name="suite">The suite.</param>
    /// <param name="casesDigest">The digest of its cases; see <see cref="SuiteView"/>.</param>
    public static string Of(EvalSuite suite, string casesDigest)
    {
        var whole = suite.Spec switch
        {
            { Job: { } job } => new JsonObject
            {
                ["cases"] = casesDigest,
                ["path"] = job.Path ?? Defaults.JobPath,
                ["port"] = job.Port,
                ["resultsFile"] = job.ResultsFile ?? Defaults.JobResultsFile,
                ["template"] = job.Template.DeepClone(),
                ["version"] = job.Version,
            },
            { External: { } external } => new JsonObject { ["external"] = external.Version ?? string.Empty },
            { Builtin: var builtin } => new JsonObject
            {
                ["cases"] = casesDigest,
                ["key"] = builtin?.Cases?.Key,
                ["path"] = builtin?.Path ?? Defaults.BuiltinPath,
                ["port"] = builtin?.Port,
            },
        };
        if (suite.Spec.Builtin?.Volume is { } volume)
            whole["volume"] = new JsonObject
            {
                ["claim"] = volume.ClaimName,
                ["path"] = volume.Path,
                ["version"] = volume.Version,
            };
        // Another judge makes another measurement; a suite without one has the digest that it always had.
        if (suite.Spec.Builtin?.Judge is { } judge)
            whole["judge"] = new JsonObject
            {
                ["url"] = judge.Url,
                ["model"] = judge.Model,
                ["votes"] = judge.Votes ?? 1,
            };
        return Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Serialize(whole)));
    }
}
