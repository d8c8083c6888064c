using System.Reflection;

namespace AgentReadiness.Readiness.Tests;

/// <summary>The catalogue is one closed list whose IDs never change their meaning, and docs/readiness.md is this list.</summary>
public sealed class CatalogueTests
{
    private static readonly IReadOnlyDictionary<Part, string> Prefixes = new Dictionary<Part, string>
    {
        [Part.Manifest] = "MAN",
        [Part.Rollout] = "ROL",
        [Part.Guardrail] = "GRD",
        [Part.Reliability] = "REL",
        [Part.Observability] = "OBS",
        [Part.FailureModes] = "FAI",
        [Part.Evals] = "EVL",
        [Part.Cost] = "COS",
    };

    private static bool Updates => Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1";

    [Fact]
    public void Every_ID_is_there_once() => ReadinessCatalogue.All.Select(check => check.Id).ShouldBeUnique();

    [Fact]
    public void An_ID_is_three_letters_of_its_part_and_a_number()
    {
        Prefixes.Keys.ShouldBe(Enum.GetValues<Part>(), "every part has its letters");
        foreach (var check in ReadinessCatalogue.All)
            check.Id.ShouldMatch($"^{Prefixes[check.Part]}-[0-9]{{3}}$");
    }

    [Fact]
    public void Every_check_that_is_declared_is_in_the_list_and_no_other_can_be_made()
    {
        var declared = typeof(Check)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetProperties(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(property => property.PropertyType == typeof(Check))
            .Select(property => (Check)property.GetValue(null)!);
        ReadinessCatalogue.All.ShouldBe(declared, ignoreOrder: true);
        typeof(Check).GetConstructors(BindingFlags.Instance | BindingFlags.Public).ShouldBeEmpty();
    }

    [Fact]
    public void An_ID_that_was_given_once_stays()
    {
        var file = Repository.PathOf("tests", "Readiness.Tests", "golden", "ids.txt");
        var given = File.ReadAllLines(file);
        var now = ReadinessCatalogue.All.Select(check => check.Id).ToList();
        given.Except(now).ShouldBeEmpty("programs, policies and exceptions rely on these IDs: none may go, and none gets a new meaning");
        if (Updates)
            File.WriteAllText(file, string.Concat(now.Select(id => $"{id}\n")));
        now.Except(File.ReadAllLines(file)).ShouldBeEmpty("a new ID is written down with UPDATE_GOLDEN=1, so that it stays from now on");
    }

    [Fact]
    public void Every_check_says_in_a_sentence_what_it_proves_and_what_to_do()
    {
        foreach (var check in ReadinessCatalogue.All)
        {
            check.Proves.ShouldMatch(@"^[A-Z].*\.$", check.Id);
            check.Remedy.ShouldMatch(@"^[A-Z].*\.$", check.Id);
        }
        ReadinessCatalogue.All.Select(check => check.Proves).ShouldBeUnique();
    }

    [Fact]
    public void The_page_is_the_catalogue()
    {
        var file = Repository.PathOf("docs", "readiness.md");
        var page = File.ReadAllText(file);
        var made = new MarkedText("UPDATE_GOLDEN=1 dotnet test tests/Readiness.Tests").Replace(page, Tables());
        if (Updates)
            File.WriteAllText(file, made);
        File.ReadAllText(file).ShouldBe(made);
    }

    [Fact]
    public void The_catalogue_does_no_IO_and_knows_no_other_part_of_the_operator() =>
        typeof(Check)
            .Assembly.GetReferencedAssemblies()
            .Select(reference => reference.Name)
            .ShouldBeSubsetOf(["System.Runtime", "System.Collections", "System.Linq"]);

    private static string Tables()
    {
        var text = new StringBuilder();
        foreach (var part in Enum.GetValues<Part>())
        {
            var checks = ReadinessCatalogue.All.Where(check => check.Part == part).ToList();
            text.Append(null, $"\n## {part}\n\n");
            if (checks.Count == 0)
            {
                text.Append("No check yet.\n");
                continue;
            }
            text.Append("| ID | severity | evidence | proves | remedy |\n| --- | --- | --- | --- | --- |\n");
            foreach (var check in checks)
                text.Append(null, $"| {check.Id} | {check.Severity} | {check.Evidence} | {check.Proves} | {check.Remedy} |\n");
        }
        return text.Append('\n').ToString();
    }
}
