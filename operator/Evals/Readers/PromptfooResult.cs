using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>One of promptfoo's results: an <c>EvaluateResult</c>, or a cell of a table.</summary>
internal sealed class PromptfooResult : IDisposable
{
    // failureReason, as promptfoo's ResultFailureReason has it.
    private const double NoFailure = 0;
    private const double FailureIsError = 2;

    // What promptfoo says of a test without assertions, which it passes.
    private const string NoAssertions = "no assertion";

    private readonly IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool? success;
    private bool? graded;
    private JsonScalar? score;
    private JsonScalar? gradingScore;
    private JsonScalar? failureReason;
    private JsonWords? words;
    private string? error;
    private string? responseError;
    private bool tested;
    private bool asserted;
    private bool assertsNothing;
    private string? description;
    private string? testIndex;
    private bool known;

    public string? Prompt { get; private set; }

    public string? Provider { get; private set; }

    /// <summary>Why it measured nothing.</summary>
    public string? Fault { get; private set; }

    /// <summary>What the result itself says, by which promptfoo counts; null where it is not understood.</summary>
    public CaseOutcome? Stated =>
        failureReason?.Finite == FailureIsError || (success == false && failureReason is null && graded is null && error is not null)
            ? CaseOutcome.Errored
        : words?.Fault is not null || success is null ? null
        : success == true ? CaseOutcome.Passed
        : CaseOutcome.Failed;

    public double? Cost { get; private set; }

    public double? LatencyMs { get; private set; }

    public List<string> Tags { get; } = [];

    public void Read(JsonStream json)
    {
        byte[] vars = [];
        words = new JsonWords(json);
        json.Object(name =>
        {
            switch (name)
            {
                case "success" or "pass":
                    // Where both are there, both must be true.
                    success = words.Flag(name) is { } flag ? flag && success != false : success;
                    break;
                case "score":
                    score = json.Scalar();
                    break;
                case "failureReason":
                    failureReason = json.Scalar() is { IsNull: false } reason ? reason : null;
                    break;
                case "error":
                    error = JsonWords.Error(json);
                    break;
                case "response":
                    json.ObjectIfAny(part =>
                    {
                        if (part == "error")
                            responseError = JsonWords.Error(json);
                    });
                    break;
                case "cost":
                    Cost = json.Scalar().Finite;
                    break;
                case "latencyMs":
                    LatencyMs = json.Scalar().Finite;
                    break;
                case "testIdx":
                    testIndex = json.Scalar().Name;
                    break;
                case "promptIdx":
                    Prompt = json.Scalar().Name;
                    break;
                case "description":
                    description = json.Scalar().Text ?? description;
                    break;
                case "provider" when json.Token == JsonTokenType.StartObject:
                    json.Object(part => Provider = part == "id" ? json.Scalar().Text : Provider);
                    break;
                case "provider":
                    Provider = json.Scalar().Text;
                    break;
                case "gradingResult" when json.Token == JsonTokenType.StartObject:
                    json.Object(part => Grading(json, part));
                    break;
                case "gradingResult":
                    if (json.Scalar() is { IsNull: false } other)
                        words.NotUnderstood(name, other);
                    break;
                case "metadata":
                    Tagged(json);
                    break;
                case "testCase" when json.Token == JsonTokenType.StartObject:
                    tested = true;
                    json.Object(part => Test(json, part));
                    break;
                // The test's own variables are there as well, before they are rendered.
                case "vars" when json.Token == JsonTokenType.StartObject && vars.Length == 0:
                    vars = DigestOf(json);
                    break;
                default:
                    words.Look(name);
                    break;
            }
        });
        digest.AppendData(known ? [] : vars);
        known |= vars.Length > 0;
    }

    /// <summary>Passed only where every statement of the result says so, and something was asserted.</summary>
    public CaseOutcome Outcome()
    {
        if (Stated is CaseOutcome.Errored)
            return Errored(error ?? "error");
        if (success is null || (success == true && words?.Fault is not null))
            return Errored(words?.Fault ?? "it says neither passed nor failed");
        if (success == false)
            return CaseOutcome.Failed;
        if (graded == false)
            throw ResultsException.Disagree("a result is a success, but its grading is not");
        if (failureReason is { } reason && reason.Finite != NoFailure)
            return Errored($"passed, and failureReason is {JsonWords.Word(reason)}");
        if ((error ?? responseError) is { } said)
            return Errored($"passed, and there is an error: {said}");
        // A grader that divides by nothing leaves no number behind.
        if (score is { Finite: null } || gradingScore is { Finite: null } || (asserted && score is null))
            return Errored("passed without a score");
        if (asserted)
            return CaseOutcome.Passed;
        if (assertsNothing || (tested && graded is null))
        {
            Fault = "it asserted nothing";
            return CaseOutcome.Skipped;
        }
        // Stripped, or never there: nobody can tell.
        return Errored("passed, and nothing shows that anything was asserted");
    }

    private CaseOutcome Errored(string fault)
    {
        Fault = fault;
        return CaseOutcome.Errored;
    }

    private void Grading(JsonStream json, string part)
    {
        switch (part)
        {
            case "pass":
                graded = words!.Flag("gradingResult.pass");
                break;
            case "reason":
                assertsNothing |= json.Scalar().Text?.Trim().StartsWith(NoAssertions, StringComparison.OrdinalIgnoreCase) == true;
                break;
            case "score":
                gradingScore = json.Scalar();
                break;
            case "componentResults":
                json.ArrayIfAny(() => json.ObjectIfAny(_ => asserted = true));
                break;
            case "assertion":
                var members = 0;
                json.ObjectIfAny(_ => members++);
                asserted |= members > 0;
                break;
            default:
                words!.Look(part);
                break;
        }
    }

    /// <summary>
    /// The same for the same test, in each repeat and in the next run: promptfoo numbers repeats on, so that the index would make a
    /// case of each. Without description and variables there is only the index, and without that the place in the file.
    /// </summary>
    public string Id(int place)
    {
        var content = Convert.ToHexStringLower(digest.GetHashAndReset())[..12];
        if (known || description is not null)
            return $"{description ?? "test"}#{content}";
        return testIndex is null ? $"result {place + 1}" : $"test {testIndex}#{content}";
    }

    /// <inheritdoc/>
    public void Dispose() => digest.Dispose();

    private void Test(JsonStream json, string part)
    {
        switch (part)
        {
            case "description":
                description ??= json.Scalar().Text;
                break;
            case "vars" when json.Token == JsonTokenType.StartObject:
                var content = DigestOf(json);
                known = content.Length > 0;
                digest.AppendData(content);
                break;
            case "assert":
                digest.AppendData("assert"u8);
                var tokens = 0;
                json.Digest(token =>
                {
                    tokens++;
                    Feed(token);
                    // An assertion is an object with members; null in the list is none.
                    asserted |= token[0] == 'k';
                });
                // An empty list has a beginning and an end.
                assertsNothing |= tokens <= 2;
                break;
            case "metadata":
                Tagged(json);
                break;
            default:
                break;
        }
    }

    private void Tagged(JsonStream json) =>
        json.ObjectIfAny(part =>
        {
            if (part is "tags" or "tag")
                Tags.AddRange(json.Texts());
        });

    private void Feed(string token)
    {
        var bytes = Encoding.UTF8.GetBytes(token);
        digest.AppendData(BitConverter.GetBytes(bytes.Length));
        digest.AppendData(bytes);
    }

    // Nothing for an object without members: it tells no test from another.
    private static byte[] DigestOf(JsonStream json)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tokens = 0;
        json.Digest(token =>
        {
            tokens++;
            var bytes = Encoding.UTF8.GetBytes(token);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        });
        return tokens <= 2 ? [] : hash.GetHashAndReset();
    }
}
