"use strict";
// The form for cards: Stripe's own fields in Stripe's own frames. The outcome is told by the page behind `data-return`, which
// has the provider asked; what is known here proves nothing.
const form = document.getElementById("card");
const message = document.getElementById("message");
const submit = document.getElementById("submit");
if (form && typeof Stripe === "function") {
  const stripe = Stripe(form.dataset.key);
  const elements = stripe.elements({ clientSecret: form.dataset.secret });
  elements.create("payment").mount("#element");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    message.textContent = "";
    const { error } = await stripe.confirmPayment({
      elements,
      confirmParams: { return_url: form.dataset.return },
    });
    // Who gets here was not sent on: it was declined, or a field is wrong.
    message.textContent = error ? error.message : "";
    submit.disabled = false;
  });
} else if (message) {
  message.textContent = "The form for cards could not be loaded.";
}
