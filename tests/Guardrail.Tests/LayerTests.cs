using System.Text.RegularExpressions;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Which folder of the guardrail may know which. A folder is a layer; what it uses is read from its sources.</summary>
public sealed partial class LayerTests
{
    /// <summary>The folders, the lowest first. A folder may use those before it, and none after it.</summary>
    private static readonly string[] Layers =
    [
        "Schemas",
        "Screening",
        "Formats",
        "Upstreams",
        "Configuration",
        "Runs",
        "Budget",
        "SideEffects",
        "Admission",
        "Relay",
        "Calls",
        "Telemetry",
        "Inbound",
        "Hosting",
    ];

    [Fact]
    public void Every_folder_has_its_place_in_the_order() =>
        Directory
            .GetDirectories(Repository.PathOf("operator", "Guardrail"))
            .Where(path => Directory.EnumerateFiles(path, "*.cs").Any())
            .Select(path => Path.GetFileName(path)!)
            .ShouldBe(Layers, ignoreOrder: true);

    [Fact]
    public void No_parameter_list_is_longer_than_seven() => ParameterLists.TooLong(typeof(Hosting.GuardrailHost).Assembly).ShouldBeEmpty();

    [Fact]
    public void No_folder_uses_one_above_it()
    {
        var uses = 0;
        foreach (var folder in Layers)
        {
            foreach (var file in Directory.GetFiles(Repository.PathOf("operator", "Guardrail", folder), "*.cs"))
            {
                foreach (var used in UsesOf(File.ReadAllText(file)))
                {
                    uses++;
                    Rank(used).ShouldBeLessThanOrEqualTo(Rank(folder), $"{folder}/{Path.GetFileName(file)} uses {used}");
                }
            }
        }
        uses.ShouldBeGreaterThan(Layers.Length);
    }

    [Fact]
    public void What_every_folder_logs_with_uses_none_of_them() =>
        UsesOf(File.ReadAllText(Repository.PathOf("operator", "Guardrail", "LogMessages.cs"))).ShouldBeEmpty();

    // A test that cannot see a use would find nothing for ever.
    [Theory]
    [InlineData("using AgentReadiness.Guardrail.Hosting;", "Hosting")]
    [InlineData("var x = new AgentReadiness.Guardrail.Calls.CallOutcome();", "Calls")]
    [InlineData("using AgentReadiness.Guardrails;", null)]
    public void A_use_is_seen(string source, string? used) => UsesOf(source).FirstOrDefault().ShouldBe(used);

    private static int Rank(string folder) => Array.IndexOf(Layers, folder);

    private static IEnumerable<string> UsesOf(string source) =>
        Use().Matches(source).Select(match => match.Groups[1].Value).Where(name => Layers.Contains(name));

    [GeneratedRegex(@"AgentReadiness\.Guardrail\.(\w+)")]
    private static partial Regex Use();
}
