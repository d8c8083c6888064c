using System.Text.RegularExpressions;

namespace AgentReadiness.Controller.Tests;

/// <summary>One version in all files that name it, and for each release what later ones are held against.</summary>
public sealed partial class VersionTests
{
    [Fact]
    public void Programs_chart_and_readme_name_one_version()
    {
        var version = Only("Directory.Build.props", "<Version>(.+)</Version>");
        string[] chart = ["charts", "agent-readiness-operator", "Chart.yaml"];
        Only(Path.Combine(chart), "^version: (.+)$").ShouldBe(version);
        Only(Path.Combine(chart), "^appVersion: \"(.+)\"$").ShouldBe(version);
        Only("README.md", "REGISTRY/operator:([0-9.]+)").ShouldBe(version);
    }

    [Fact]
    public void Each_release_of_the_changelog_left_its_definitions_and_what_it_wrote()
    {
        var changes = File.ReadAllText(Repository.PathOf("CHANGELOG.md"));
        var releases = Release().Matches(changes).Select(match => match.Groups[1].Value).ToList();
        releases.ShouldNotBeEmpty();
        changes.IndexOf("## [Unreleased]", StringComparison.Ordinal).ShouldBeInRange(0, changes.IndexOf("## [0", StringComparison.Ordinal));
        foreach (var release in releases)
        {
            Directory
                .GetFiles(Repository.PathOf("tests", "ApiServer.Tests", "Definitions", "released", release))
                .ShouldNotBeEmpty($"copy crds/ of {release} there");
            Directory
                .GetFiles(Repository.PathOf("tests", "Controller.Tests", "Skew", "released", release))
                .ShouldNotBeEmpty($"see Skew/released/README.md for {release}");
        }
    }

    private static string Only(string file, string pattern) =>
        Regex
            .Matches(File.ReadAllText(Repository.PathOf(file)), pattern, RegexOptions.Multiline)
            .ShouldHaveSingleItem($"{file}: {pattern}")
            .Groups[1]
            .Value;

    [GeneratedRegex(@"^## \[([0-9]+\.[0-9]+\.[0-9]+)\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$", RegexOptions.Multiline)]
    private static partial Regex Release();
}
