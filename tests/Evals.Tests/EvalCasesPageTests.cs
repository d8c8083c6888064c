using System.Text.RegularExpressions;
using AgentReadiness.EvalRunner.Cases;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.Evals.Tests;

/// <summary>The page on cases shows cases that can be read.</summary>
public sealed class EvalCasesPageTests
{
    [Fact]
    public async Task EveryExampleIsWhatThePageSays()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Operator.sln")))
            folder = folder.Parent!;
        var page = await File.ReadAllTextAsync(Path.Combine(folder.FullName, "docs", "eval-cases.md"));
        using var judge = new Judge(new Uri("http://127.0.0.1:1/v1"), "m", TimeSpan.FromSeconds(1), TimeSpan.Zero, TimeProvider.System);
        var context = new CaseContext(new RefusalRule()) { Judge = judge };
        var blocks = Regex.Matches(page, "```(json|yaml)\n(.*?)```", RegexOptions.Singleline);
        var cases = 0;
        foreach (Match block in blocks)
        {
            var text = block.Groups[2].Value;
            if (text.Contains("\"format\"", StringComparison.Ordinal))
                ResultsFiles.Read(text).Problems.Single().Reason.ShouldBe(EvalReasons.RunnerFailed);
            else
                cases += (await CasesFile.ReadAsync(Encoding.UTF8.GetBytes(text), block.Groups[1].Value == "yaml", context, default)).Count;
        }
        cases.ShouldBe(13);
    }
}
