using System.Reflection;
using System.Text.RegularExpressions;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Prices;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;
using Prometheus;

namespace AgentReadiness.Controller.Tests;

/// <summary>docs/reference.md lists exactly what the code has.</summary>
public sealed partial class ReferenceTests
{
    [Theory]
    [InlineData("Conditions", typeof(ConditionTypes))]
    [InlineData("Phases", typeof(Phases))]
    [InlineData("Steps", typeof(ProgressSteps))]
    [InlineData("Reasons", typeof(Reasons))]
    [InlineData("Reasons of verdicts", typeof(EvalReasons))]
    [InlineData("Reasons of prices", typeof(PriceReasons))]
    [InlineData("Reasons of the grant endpoint's certificates", typeof(CertificateReasons))]
    public void Every_word_is_listed_and_no_other(string section, Type words) =>
        Words(section).ShouldBe(Constants(words), ignoreOrder: true);

    [Fact]
    public void Every_label_and_annotation_is_listed_and_no_other()
    {
        var fields = typeof(Names).GetFields().Where(field => field.IsLiteral && field.FieldType == typeof(string)).ToList();
        IEnumerable<string> Ending(string suffix) =>
            fields
                .Where(field => field.Name.EndsWith(suffix, StringComparison.Ordinal))
                .Select(field => (string)field.GetRawConstantValue()!);

        Words("Labels").ShouldBe(Ending("Label"), ignoreOrder: true);
        Words("Annotations").ShouldBe(Ending("Annotation"), ignoreOrder: true);
    }

    [Fact]
    public void Every_metric_is_listed_with_its_labels_and_no_other()
    {
        Type[] holders = [typeof(KubernetesApi).Assembly.GetType("AgentReadiness.Runtime.RuntimeMetrics")!, typeof(EvalMetrics)];
        var metrics = holders
            .SelectMany(holder =>
                holder
                    .GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
                    .Select(field => field.GetValue(null))
                    .OfType<Collector>()
            )
            .Select(metric => $"{metric.Name} {string.Join(", ", metric.LabelNames)}");

        Rows("Metrics of the operator").Select(row => $"{row[0]} {row[1]}").ShouldBe(metrics, ignoreOrder: true);
    }

    [Fact]
    public void Every_setting_of_the_operator_is_listed_and_no_other()
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        OperatorOptions.FromEnvironment(name =>
        {
            asked.Add(name);
            return name is "GRANTS_TLS_DIR" or "PRICES_CONFIGMAP" || Defaults().ContainsKey(name) ? null : "set";
        });

        Words("Settings of the operator").ShouldBe(asked, ignoreOrder: true);
    }

    [Fact]
    public void Every_field_of_a_forecast_is_listed_by_its_name() =>
        Words("Forecast of a budget window")
            .ShouldBe(
                typeof(BudgetWindowStatus)
                    .GetProperties()
                    .Where(property =>
                        property.Name.Contains("Forecast") || property.Name.Contains("First") || property.Name.Contains("Last")
                    )
                    .Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)),
                ignoreOrder: true
            );

    private static Dictionary<string, string> Defaults() =>
        Rows("Settings of the operator").Where(row => row[1].Length > 0).ToDictionary(row => row[0], row => row[1]);

    private static IEnumerable<string> Constants(Type words) =>
        words.GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!);

    private static IEnumerable<string> Words(string section) => Rows(section).Select(row => row[0]);

    // The first table of a section, without its head; names are in backticks.
    private static IEnumerable<string[]> Rows(string section) =>
        File.ReadLines(Repository.PathOf("docs", "reference.md"))
            .SkipWhile(line => line != $"## {section}")
            .Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .SkipWhile(line => !line.StartsWith('|'))
            .TakeWhile(line => line.StartsWith('|'))
            .Skip(2)
            .Select(line => Cell().Matches(line).Select(match => match.Groups[1].Value.Trim().Trim('`')).ToArray());

    [GeneratedRegex(@"\|([^|]*)(?=\|)")]
    private static partial Regex Cell();
}
