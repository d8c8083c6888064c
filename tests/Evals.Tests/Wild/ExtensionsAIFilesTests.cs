using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;

namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>
/// Results that Microsoft.Extensions.AI.Evaluation's own types and evaluators make, in the options of its reports: camelCase, enums as
/// words, NaN as a word. What is around them is written here, since the package of the reports is not to be had on every feed.
/// </summary>
public sealed class ExtensionsAIFilesTests
{
    private static readonly JsonSerializerOptions Reports = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    // As a program writes them that takes the types and not the reports' options.
    private static readonly JsonSerializerOptions Plain = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    [Fact]
    public async Task A_tiny_suite()
    {
        var results = ResultsFiles.Read(await SuiteAsync(Reports));
        results.Problems.ShouldBeEmpty();
        results.Format.ShouldBe(ResultFormats.ExtensionsAI);
        ResultsFiles
            .Summary(results)
            .ShouldBe([
                "asserts nothing=Skipped:0",
                "errs=Errored:0",
                "fails=Failed:0",
                "is not a number=Errored:0",
                "is not rated=Errored:0",
                "is repeated=Failed:0.5",
                "passes=Passed:1",
            ]);
    }

    [Fact]
    public async Task Numbers_of_enums_are_no_words()
    {
        var results = ResultsFiles.Read(await SuiteAsync(Plain));
        results.Problems.ShouldBeEmpty();
        results.Cases.ShouldNotContain(one => one.Outcome == CaseOutcome.Passed);
        results.Cases.Single(one => one.Id == "passes").Fault.ShouldBe("words: it did not fail, but its rating is 5");
    }

    private static async Task<string> SuiteAsync(JsonSerializerOptions options)
    {
        (string Name, string Iteration, string Answer)[] answers =
        [
            ("passes", "1", "good"),
            ("fails", "1", "bad"),
            ("errs", "1", "error"),
            ("is repeated", "1", "good"),
            ("is repeated", "2", "bad"),
            ("is not a number", "1", "nan"),
            ("is not rated", "1", "unrated"),
            ("asserts nothing", "1", "nothing"),
        ];
        var results = new List<object>();
        foreach (var (name, iteration, answer) in answers)
        {
            var response = new ChatResponse(new ChatMessage(ChatRole.Assistant, answer));
            results.Add(
                new
                {
                    ScenarioName = name,
                    IterationName = iteration,
                    ExecutionName = "1",
                    EvaluationResult = await new Words().EvaluateAsync([], response),
                }
            );
        }
        return JsonSerializer.Serialize(new { ScenarioRunResults = results }, options);
    }

    /// <summary>An evaluator that needs no model.</summary>
    private sealed class Words : IEvaluator
    {
        public IReadOnlyCollection<string> EvaluationMetricNames => ["words"];

        public ValueTask<EvaluationResult> EvaluateAsync(
            IEnumerable<ChatMessage> messages,
            ChatResponse modelResponse,
            ChatConfiguration? chatConfiguration = null,
            IEnumerable<EvaluationContext>? additionalContext = null,
            CancellationToken cancellationToken = default
        )
        {
            var metric = new NumericMetric("words", modelResponse.Text == "nan" ? double.NaN : 4);
            switch (modelResponse.Text)
            {
                case "nothing":
                    return new(new EvaluationResult());
                case "error":
                    metric.AddDiagnostics(EvaluationDiagnostic.Error("429"));
                    break;
                case "bad":
                    metric.AddDiagnostics(EvaluationDiagnostic.Informational("read"));
                    break;
                default:
                    break;
            }
            metric.Interpretation = modelResponse.Text switch
            {
                "bad" or "error" => new EvaluationMetricInterpretation(EvaluationRating.Poor, failed: true, reason: "no"),
                "unrated" => new EvaluationMetricInterpretation(failed: false),
                _ => new EvaluationMetricInterpretation(EvaluationRating.Good, failed: false, reason: "yes"),
            };
            return new(new EvaluationResult(metric));
        }
    }
}
