using System.Text.RegularExpressions;
using System.Xml.Linq;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// Which part of the code may know which. Read from the source: a folder is a layer, and its using lines and qualified names say whom it
/// knows.
/// </summary>
public sealed partial class LayerTests
{
    /// <summary>The Controller's folders, the lowest first. A folder may use those before it, and none after it.</summary>
    private static readonly string[] Layers =
    [
        "Shared",
        "Lending",
        "Prices",
        "Certificates",
        "Ledgers",
        "EvalSuites",
        "ReadinessExceptions",
        "AgentBudgets",
        "AgentDeployments",
        "EvalRuns",
        "Endpoints",
        "Hosting",
    ];

    [Fact]
    public void Every_folder_of_the_controller_has_its_place_in_the_order() =>
        Directory
            .GetDirectories(Repository.PathOf("operator", "Controller"))
            .Where(path => Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories).Any())
            .Select(path => Path.GetFileName(path)!)
            .ShouldBe(Layers, ignoreOrder: true);

    [Fact]
    public void No_folder_of_the_controller_uses_one_above_it() =>
        Uses()
            .Where(use => Array.IndexOf(Layers, use.To) > Array.IndexOf(Layers, use.From))
            .Select(use => $"{use.File} uses {use.To}")
            .ShouldBeEmpty();

    [Fact]
    public void The_folders_of_the_controller_use_each_other_in_no_circle()
    {
        var uses = Uses().Select(use => (use.From, use.To)).Distinct().ToList();
        uses.ShouldNotBeEmpty();
        // Folders that nobody who is left uses are taken away; what remains is a circle.
        var left = Layers.ToList();
        while (left.RemoveAll(folder => !uses.Exists(use => use.To == folder && left.Contains(use.From))) > 0) { }
        left.ShouldBeEmpty();
    }

    // A test that reads no source, or that cannot see a use, would find nothing for ever.
    [Theory]
    [InlineData("Shared", "using AgentReadiness.Controller.Hosting;", "Hosting")]
    [InlineData("Shared", "var x = new Hosting.CrdFiles();", "Hosting")]
    [InlineData("Ledgers", "using static AgentReadiness.Controller.EvalRuns.RunnerJob;", "EvalRuns")]
    [InlineData("Prices", "var x = AgentReadiness.Controller.Ledgers.LedgerRules.MaxHolders;", "Ledgers")]
    public void A_use_in_the_wrong_direction_is_seen(string folder, string line, string used) =>
        UsesOf(folder, "File.cs", line).Select(use => use.To).ShouldBe([used]);

    [Fact]
    public void What_several_programs_share_knows_none_of_them()
    {
        References("Contracts").ShouldBeEmpty();
        foreach (var program in (string[])["Guardrail", "Pricing", "EvalRunner", "Evals"])
            Closure(program).ShouldNotContain("Api", $"operator/{program} references Api, directly or through another project");
        foreach (var project in Projects())
            Closure(project).ShouldNotContain("Controller", $"operator/{project} references the Controller");
    }

    [Fact]
    public void No_parameter_list_is_longer_than_seven()
    {
        ParameterLists.TooLong(typeof(AgentObserver).Assembly).ShouldBeEmpty();
        ParameterLists.TooLong(typeof(KubernetesApi).Assembly).ShouldBeEmpty();
    }

    // A test that finds no long list where there is one would find none for ever.
    [Fact]
    public void A_parameter_list_that_is_too_long_is_seen() =>
        ParameterLists.TooLong(typeof(LayerTests).Assembly).ShouldContain("LayerTests.TooLong has 8 parameters");

    private static int TooLong(int a, int b, int c, int d, int e, int f, int g, int h) => a + b + c + d + e + f + g + h;

    private static IEnumerable<string> Projects() =>
        Directory
            .GetFiles(Repository.PathOf("operator"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path)!);

    private static List<string> References(string project) =>
        [
            .. XDocument
                .Load(Repository.PathOf("operator", project, $"{project}.csproj"))
                .Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))),
        ];

    private static HashSet<string> Closure(string project)
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(References(project));
        while (open.TryDequeue(out var next))
        {
            if (all.Add(next))
                References(next).ForEach(open.Enqueue);
        }
        return all;
    }

    private static List<(string From, string To, string File)> Uses() =>
        [
            .. Layers.SelectMany(folder =>
                Directory
                    .GetFiles(Repository.PathOf("operator", "Controller", folder), "*.cs", SearchOption.AllDirectories)
                    .SelectMany(path => UsesOf(folder, $"{folder}/{Path.GetFileName(path)}", File.ReadAllText(path)))
            ),
        ];

    private static IEnumerable<(string From, string To, string File)> UsesOf(string folder, string file, string text) =>
        Use()
            .Matches(text)
            .Select(match => match.Groups["folder"].Value)
            .Where(used => used != folder && Layers.Contains(used))
            .Distinct()
            .Select(used => (folder, used, file));

    // A using line, a whole name, or the short name that is valid inside the namespace: Hosting.CrdFiles.
    [GeneratedRegex(@"(?:AgentReadiness\.Controller\.(?<folder>[A-Z]\w+)|(?<![\w.])(?<folder>[A-Z]\w+)\.[A-Z]\w+[\.(])")]
    private static partial Regex Use();
}
