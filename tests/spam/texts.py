"""Texts made for these tests: enquiries as customers of shops and practices write them, and spam as it reaches forms.

They are no corpus: they say whether the weights are sensible, not how well anything does out there.
"""

ENQUIRIES = (
    "Hello, I would like to order two of the blue mugs. Do you ship to Austria and how much is it? Thank you!",
    "Hi! Is the offer still valid? I need it by Friday and would like free delivery.",
    "Can you send me a quote for 250 business cards?",
    "I forgot my password and my account is locked, please help. The click here link in your mail does not work.",
    "URGENT! PLEASE CALL ME BACK ABOUT MY ORDER 12345, IT HAS NOT ARRIVED YET!!!",
    "Please remove me from your mailing list.",
    "What is the price? Can I pay by credit card? Is there a money back guarantee?",
    "Do you have a table for four tonight at 8?",
    "hello",
    "Hi, anybody there?",
    "My invoice shows the wrong address. Can you correct it and send it again?",
    "We are a small company of 12 and look for new office chairs. What discount do you give for larger orders?",
    "The zip of the jacket I bought last week is broken. I want my money back or a new one.",
    "Is this product vegan? And does it contain nuts?",
    "I'd like to book a guided tour for a school class of 25 on 12 May. Is there a special price for groups?",
    "Could you please tell me whether the webinar will be recorded? I am in another time zone.",
    "I saw it cheaper here: https://shop.example.net/mug-blue. Can you match that price?",
    "Our website is www.bakery.example and we look for somebody who can take new pictures of our shop.",
    "You asked for the error message. It is at https://pictures.example.net/1234 and https://pictures.example.net/1235.",
    "Good morning, I am interested in the position in your marketing team. How can I apply? Best regards",
    "How do I cancel my subscription? I was charged 29 USD twice this month.",
    "I would like to make an appointment for my daughter with the dentist next week, mornings are best.",
    "Is the mortgage calculator on your site up to date? My bank says another interest rate.",
    "We need a new web site for our hair salon, with online booking. What would that cost?",
    "Are there still rooms free from 3 to 10 August for two adults and one child? With breakfast, please.",
    "Do you have this in size XL and in black? I'd buy it now if it arrives before Christmas.",
    "Great service, thank you so much! The delivery came a day early.",
    "I want to complain. Nobody has answered my three e-mails. This is my last try before I call my lawyer.",
    "Please call me on my mobile about the loan for my car, today after five if you can.",
    "Dear Sir or Madam, we are a manufacturer of garden furniture with 40 employees and are looking for a new "
    "supplier of screws and fittings. Please send us your current price list, your terms of payment and delivery,"
    " and tell us whether you give a discount for orders of more than 10,000 pieces. We would also be interested "
    "in free samples. You can reach our purchasing department by phone from Monday to Friday or at "
    "http://furniture.example/contact. We look forward to your offer and hope for a long and successful business "
    "relationship. Best regards",
    "Hello, I received your newsletter with the special offer of 50% off all orders and free shipping if I order "
    "today. I clicked on the link and ordered, but the discount was not applied and my credit card was charged "
    "the full amount of $149.00. Please refund the difference to my account or cancel the order. I have been a "
    "customer for years and this is the first time that I have had a problem with a payment. My phone number is "
    "in my profile, call me any time.",
    "Hi, I run a small online business from home and earn my income with hand-made cards. I would like to accept "
    "credit cards on my web site and need a merchant account. What are your monthly fees, is there a minimum, and"
    " how long does it take to receive the money in my bank account? Do you offer a free trial? I get about 30 "
    "orders a month.",
    "I am writing about the life insurance and the mortgage that we took out with you in 2019. Since interest "
    "rates have fallen we would like to refinance and lower our monthly payments. Could one of your experts call "
    "us for a free consultation? We have no debts and an excellent credit history. Thank you in advance for your "
    "reply.",
    "What time do you open on Saturday and is there parking?",
    "Guten Tag, ich hätte gerne ein Angebot für drei Fenster mit Einbau. Vielen Dank und freundliche Grüße",
    "Wann kommt meine Bestellung? Ich warte seit zwei Wochen und niemand antwortet.",
    "¿Hacen envíos a México? Quisiera comprar dos camisetas de la talla M.",
    "Bonjour, je voudrais savoir si la robe rouge existe en taille 40. Merci d'avance !",
    "Jó napot! Szeretném megkérdezni, hogy mikor érkezik meg a csomagom. Köszönöm szépen!",
    "Здравствуйте! Сколько стоит доставка в Казань и можно ли оплатить картой при получении?",
    "مرحبا، أريد أن أعرف سعر المنتج ومتى يصل الطلب إلى القاهرة. شكرا لكم",
    "你好，请问这个商品什么时候可以发货？可以开发票吗？谢谢",
    "こんにちは。この商品の在庫はありますか？送料を教えてください。",
    "สวัสดีค่ะ อยากทราบราคาและค่าจัดส่งไปเชียงใหม่ค่ะ",
)

SPAM = (
    "Buy cheap viagra now! http://pills.example http://x.example http://y.example",
    "Earn money fast from home with crypto investment! Click here http://x.example",
    "BUY CHEAP WATCHES http://bit.ly/xyz LIMITED OFFER!!! BUY NOW, GUARANTEED, NO RISK",
    "We offer SEO services to get your site on the first page of Google. Visit https://seo.example for a free audit.",
    "Dear website owner, we sell backlinks from high domain authority sites and write guest posts. Reply for prices.",
    "[url=http://casino.example]online casino bonus[/url] [url=http://casino.example/2]free spins[/url]",
    "Hot singles in your area want to meet you tonight, live sex webcam girls http://girls.example",
    "Claim your bitcoin now: you have won 1.2 BTC. https://t.ly/abc Hurry, guaranteed payment within 24 hours!",
    "Виртуальное онлайн казино: казино бонус до 500 за регистрацию http://kazino.example",
    "Продвижение сайтов и раскрутка сайта недорого, рассылка по формам http://seo.example",
    "Geld verdienen im Internet ohne Risiko, passives Einkommen ab dem ersten Tag: https://geld.example",
    "Gana dinero desde casa, ganar dinero en internet es fácil: https://dinero.example",
    "Gagner de l'argent en ligne, revenus passifs garantis https://argent.example",
    "الربح من الانترنت بدون خبرة كازينو اون لاين http://casino.example",
    "网上赚钱 在线赌场 http://duchang.example http://duchang2.example http://duchang3.example",
    "Buy vіagra and сialis, сheap prіces, no prescription http://meds.example",
    '<a href="http://loans.example">Business loan</a> guaranteed profit, unsecured loan, apply now',
    "I hacked your computer and I have recorded you. Send 1000 USD in bitcoin to this wallet or I send it to all."
    " http://wallet.example http://proof.example http://pay.example",
)
