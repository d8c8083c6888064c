using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NJsonSchema;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>
/// The answer is JSON (alone, or in a ```json fence) that meets a JSON Schema. NJsonSchema judges, and it ignores what it does not
/// know; as an ignored keyword would be an unearned pass, only keywords that it is known to enforce are taken.
/// </summary>
internal sealed class JsonSchemaGrader : TextGrader
{
    private readonly JsonSchema schema;

    private JsonSchemaGrader(JsonSchema schema) => this.schema = schema;

    /// <summary>Reads a schema.</summary>
    /// <exception cref="FormatException">It is none, or has a keyword that is not enforced; the message names the place in it.</exception>
    public static async Task<JsonSchemaGrader> ReadAsync(JsonElement element, CancellationToken cancellationToken)
    {
        var tree = JsonObject.Create(element.Clone()) ?? throw new FormatException("must be an object");
        JsonSchemaKeywords.Check(tree, string.Empty);
        try
        {
            // Every $ref points into the document itself (checked above), so nothing is fetched.
            return new JsonSchemaGrader(await JsonSchema.FromJsonAsync(tree.ToJsonString(), cancellationToken));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Not the fault's own message: it may quote the expectation.
            throw new FormatException("is not a schema that can be read", exception);
        }
    }

    public override Grade Grade(string answer)
    {
        var text = JsonAnswer.Unfence(answer);
        using (var strict = JsonAnswer.Parse(answer))
        {
            if (strict is null)
                return Grading.Grade.Fail("the answer is not JSON");
        }
        try
        {
            var violations = schema.Validate(text).Count;
            return violations == 0 ? Grading.Grade.Pass : Grading.Grade.Fail($"the JSON breaks the schema in {violations} place(s)");
        }
        catch (RegexMatchTimeoutException)
        {
            return Grading.Grade.Fail("a pattern of the schema took too long");
        }
        catch (Exception exception)
            when (exception
                    is Newtonsoft.Json.JsonException
                        or ArgumentException
                        or OverflowException
                        or FormatException
                        or InvalidOperationException
            )
        {
            // For example a number of a thousand digits: JSON, but no number that the library reads.
            return Grading.Grade.Fail("the JSON cannot be read");
        }
    }
}
