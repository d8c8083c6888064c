using System.Text.RegularExpressions;

namespace AgentReadiness.Readiness.Tests;

/// <summary>What pages name exists: a page that names a test or a file that was renamed would mislead.</summary>
public sealed partial class PageTests
{
    [Fact]
    public void Every_test_that_the_page_of_promises_names_exists()
    {
        var tests = Directory
            .EnumerateDirectories(Repository.PathOf("tests"), "*.Tests")
            .SelectMany(project =>
                Directory
                    .EnumerateFiles(project, "*.cs", SearchOption.AllDirectories)
                    .SelectMany(file => Tests(Path.GetFileName(project), file))
            )
            .ToHashSet(StringComparer.Ordinal);
        var page = File.ReadAllText(Repository.PathOf("docs", "promises.md"));
        var named = NamedTest().Matches(page).Select(match => match.Groups[1].Value).ToList();
        named.Where(name => !tests.Contains(name)).ShouldBeEmpty();
        // Each promise has tests; an empty table would pass the check above.
        page.Split("\n## ")[1..].ShouldAllBe(promise => NamedTest().Count(promise) >= 4);
    }

    [Fact]
    public void Every_file_that_the_page_of_the_architecture_names_exists()
    {
        var page = File.ReadAllText(Repository.PathOf("docs", "architecture.md"));
        var named = NamedFile().Matches(page).Select(match => match.Groups[1].Value).Distinct().ToList();
        named.Count.ShouldBeGreaterThan(20);
        named.Where(name => !File.Exists(Repository.PathOf("operator", name))).ShouldBeEmpty();
    }

    /// <summary>The tests of a file: methods below an attribute of a test, by project, class and name.</summary>
    private static IEnumerable<string> Tests(string project, string file)
    {
        var type = "";
        var isTest = false;
        foreach (var line in File.ReadLines(file))
        {
            if (Class().Match(line) is { Success: true } declared)
                type = declared.Groups[1].Value;
            else if (TestAttribute().IsMatch(line))
                isTest = true;
            else if (isTest && Method().Match(line) is { Success: true } method)
            {
                yield return $"{project}/{type}.{method.Groups[1].Value}";
                isTest = false;
            }
        }
    }

    [GeneratedRegex(@"`([\w.]+\.Tests/\w+\.\w+)`")]
    private static partial Regex NamedTest();

    [GeneratedRegex(@"`([A-Z]\w+/[\w/]+\.cs)`")]
    private static partial Regex NamedFile();

    [GeneratedRegex(@"^public (?:sealed |abstract |static |partial )*class (\w+)")]
    private static partial Regex Class();

    [GeneratedRegex(@"^\s*\[(?:Fact|Theory|\w*Fact|\w*Theory)\b")]
    private static partial Regex TestAttribute();

    [GeneratedRegex(@"^\s*public (?:async )?(?:Task|void) (\w+)\(")]
    private static partial Regex Method();
}
