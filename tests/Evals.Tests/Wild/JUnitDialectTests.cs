using System.Text.RegularExpressions;

namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>What the public tools write is read as they mean it: data/junit-dialects.txt.</summary>
public sealed class JUnitDialectTests
{
    /// <summary>Tool, file, and the cases that it has.</summary>
    public static TheoryData<string, string, string[]> Files
    {
        get
        {
            var data = new TheoryData<string, string, string[]>();
            foreach (var section in Regex.Split(ResultsFiles.Text("junit-dialects.txt"), "^### ", RegexOptions.Multiline).Skip(1))
            {
                var lines = section.TrimEnd().Split('\n');
                var xml = lines.Skip(1).TakeWhile(line => !line.StartsWith("--> ", StringComparison.Ordinal)).ToList();
                data.Add(lines[0], string.Join('\n', xml), [.. lines.Skip(1 + xml.Count).Select(line => line[4..])]);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Is_read_as_its_tool_means_it(string tool, string xml, string[] cases)
    {
        var results = ResultsFiles.Read(xml);
        results.Problems.ShouldBeEmpty(tool);
        ResultsFiles.Summary(results).ShouldBe(cases, tool);
    }

    [Fact]
    public void There_are_many_of_them() => Files.Count.ShouldBeGreaterThanOrEqualTo(30);
}
