using AgentReadiness.Contracts;

namespace AgentReadiness.Cli.Tests;

/// <summary>
/// A manifest means here what kubectl makes of it: texts, and what kubectl 1.33 printed for each (kubectl-pairs.mjs). The canonical form is
/// compared, because it is what a revision hashes. Where a pair has "stricter", "lenient" or "differs", that says why.
/// </summary>
public sealed class KubectlPairsTests
{
    private static readonly JsonArray Pairs = JsonNode
        .Parse(File.ReadAllText(Repository.PathOf("tests", "Cli.Tests", "data", "kubectl-pairs.json")))!
        .AsArray();

    [Fact]
    public void What_kubectl_sends_is_what_is_read_and_what_it_refuses_is_refused()
    {
        var faults = new List<string>();
        foreach (var pair in Pairs)
        {
            var expected = (pair!["objects"] as JsonArray)?.Select(text => Canonical(JsonNode.Parse(text!.GetValue<string>())!)).ToList();
            var (read, problem) = Read(pair);
            if (pair["stricter"] is not null)
            {
                if (read is not null || expected is null)
                    faults.Add($"{Shown(pair)}: is not stricter");
            }
            else if (pair["lenient"] is not null)
            {
                if (read is null || expected is not null)
                    faults.Add($"{Shown(pair)}: is not lenient");
            }
            else if (pair["differs"] is not null)
            {
                if (read is null || expected is null || expected.SequenceEqual(read, StringComparer.Ordinal))
                    faults.Add($"{Shown(pair)}: does not differ");
            }
            else if (expected is null != read is null || (expected is not null && !expected.SequenceEqual(read!, StringComparer.Ordinal)))
            {
                faults.Add(
                    $"{Shown(pair)}\n kubectl: {(expected is null ? pair["error"] : string.Join(' ', expected))}\n"
                        + $" here: {problem}{string.Join(' ', read ?? [])}"
                );
            }
        }
        faults.ShouldBeEmpty();
        Pairs.Count.ShouldBeGreaterThan(300);
        Pairs.Count(pair => pair!["objects"] is not null).ShouldBeGreaterThan(150);
    }

    private static (List<string>? Read, string? Problem) Read(JsonNode pair)
    {
        try
        {
            var bytes = pair["base64"] is { } data
                ? Convert.FromBase64String(data.GetValue<string>())
                : Encoding.UTF8.GetBytes(pair["text"]!.GetValue<string>());
            var objects = ManifestReader.Read(bytes);
            // An object without a kind is refused by both, here when the manifest is taken apart.
            Manifests.Read(bytes, "default");
            // kubectl patch, which printed the pairs, refuses an empty file; create does too.
            return objects.Count == 0 ? (null, "nothing in it") : ([.. objects.Select(Canonical)], null);
        }
        catch (ManifestException exception)
        {
            return (null, exception.Message);
        }
    }

    private static string Canonical(JsonNode node) => Encoding.UTF8.GetString(CanonicalJson.Serialize(node));

    private static string Shown(JsonNode pair) => (pair["text"] ?? pair["base64"])!.ToJsonString();
}
